package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Test

class BoxTagsTest {
    private val picture = Extent(400f, 300f)
    private val tag = Extent(60f, 20f)

    private fun place(vararg corners: Pair<Int, Int>) =
        tagPlace(corners.map { (x, y) -> Point(x.toFloat(), y.toFloat()) }, tag, picture)

    @Test
    fun standsOverTheHighestCorner() =
        assertEquals(Point(120f, 30f), place(40 to 90, 120 to 50, 130 to 200, 50 to 240))

    @Test
    fun staysInsideThePicture() {
        assertEquals(Point(340f, 0f), place(390 to 5, 399 to 9, 399 to 40, 390 to 40))
        assertEquals(Point(0f, 80f), place(-30 to 100, 20 to 110, 20 to 150, -30 to 150))
    }

    @Test
    fun aTagThatIsWiderThanThePictureBeginsAtItsLeft() =
        assertEquals(Point(0f, 0f), tagPlace(listOf(Point(5f, 5f)), Extent(500f, 20f), picture))

    @Test
    fun isAsThickOnALargePictureAsOnASmallOne() {
        assertEquals(AnnotationStyle(2f, 12f), AnnotationStyle.of(200, 320))
        assertEquals(AnnotationStyle(10f, 3000 / 36f), AnnotationStyle.of(3000, 2000))
    }
}
