package dev.decant.core

/**
 * Finds the likeliest text of CTC: prefix beam search (Hannun et al. 2014) with no language model, in float64 and in
 * the order of `decant.contract.decode.text.beam_search`.
 *
 * @param width how many prefixes are kept at each place.
 */
internal class BeamSearch(private val classes: Int, private val blank: Int, private val width: Int) {
    private val prefixes = PrefixTree(classes)
    private val isLikely = BooleanArray(classes)
    private val likeliest = IntArray(minOf(classes.toLong(), width + 2L).toInt())
    private var beam = Beam()
    private var grown = Beam()

    /** The classes of the characters of the first of [probabilities], [places, classes]. */
    fun search(probabilities: FloatArray, places: Int): IntArray {
        prefixes.clear()
        beam.clear()
        beam.add(PrefixTree.ROOT)
        beam.ending[0] = 1.0
        for (place in 0 until places) {
            chooseClasses(probabilities, place * classes)
            grow(probabilities, place * classes)
            prune()
        }
        return prefixes.classesOf(beam.prefixes[beam.best()])
    }

    /** Of one prefix, other classes than the best can only lead to one that is there already. */
    private fun chooseClasses(probabilities: FloatArray, from: Int) {
        isLikely.fill(false)
        for (each in 0 until classes) insert(each, probabilities, from)
        for (each in likeliest) isLikely[each] = true
        for (i in 0 until beam.count) {
            val last = prefixes.last(beam.prefixes[i])
            if (last >= 0) isLikely[last] = true
        }
        isLikely[blank] = false
    }

    /** Puts a class to where it belongs among the likeliest of those before it. */
    private fun insert(each: Int, probabilities: FloatArray, from: Int) {
        var at = minOf(each, likeliest.size)
        while (at > 0 && probabilities[from + likeliest[at - 1]] < probabilities[from + each]) {
            if (at < likeliest.size) likeliest[at] = likeliest[at - 1]
            at--
        }
        if (at < likeliest.size) likeliest[at] = each
    }

    private fun grow(probabilities: FloatArray, from: Int) {
        grown.clear()
        for (i in 0 until beam.count) {
            val prefix = beam.prefixes[i]
            val ending = beam.ending[i]
            val open = beam.open[i]
            val last = prefixes.last(prefix)
            val stay = grown.add(prefix)
            grown.ending[stay] += (ending + open) * probabilities[from + blank]
            if (last >= 0) grown.open[stay] += open * probabilities[from + last]
            for (each in 0 until classes) {
                if (!isLikely[each]) continue
                val longer = grown.add(prefixes.child(prefix, each))
                grown.open[longer] += (if (each == last) ending else ending + open) * probabilities[from + each]
            }
        }
    }

    /** Keeps the best, scaled, so that a long text does not underflow. */
    private fun prune() {
        val best = grown.ranked(width)
        var total = 0.0
        for (i in best) total += grown.sum(i)
        if (total == 0.0) total = 1.0
        beam.clear()
        for (i in best) {
            val at = beam.add(grown.prefixes[i])
            beam.ending[at] = grown.ending[i] / total
            beam.open[at] = grown.open[i] / total
        }
    }
}

/** Prefixes with their probabilities, in the order in which they were added. */
private class Beam {
    var count = 0
        private set
    var prefixes = IntArray(INITIAL)
        private set

    /** Of the ways to write each that end in a blank, and of those that do not. */
    var ending = DoubleArray(INITIAL)
        private set
    var open = DoubleArray(INITIAL)
        private set
    private var places = IntArray(INITIAL) { -1 }

    fun clear() {
        for (i in 0 until count) places[prefixes[i]] = -1
        count = 0
    }

    /** The place of a prefix, which is new with the probability 0 where it was not there. */
    fun add(prefix: Int): Int {
        if (prefix >= places.size) {
            places = places.copyOf(2 * prefix).also { it.fill(-1, places.size) }
        }
        if (places[prefix] >= 0) return places[prefix]
        if (count == prefixes.size) {
            prefixes = prefixes.copyOf(2 * count)
            ending = ending.copyOf(2 * count)
            open = open.copyOf(2 * count)
        }
        prefixes[count] = prefix
        ending[count] = 0.0
        open[count] = 0.0
        places[prefix] = count
        return count++
    }

    fun sum(at: Int): Double = ending[at] + open[at]

    /** The best, of equal ones the first. */
    fun best(): Int = (0 until count).maxByOrNull(::sum)!!

    /** The places of the [most] best, best first; of equal ones the first comes first. */
    fun ranked(most: Int): List<Int> = (0 until count).sortedByDescending(::sum).take(most)
}

/** Every prefix that was looked at, as its last class after a shorter one. */
private class PrefixTree(private val classes: Int) {
    private var parents = IntArray(INITIAL)
    private var lasts = IntArray(INITIAL)
    private var count = 0
    private val children = HashMap<Long, Int>()

    fun clear() {
        children.clear()
        lasts[ROOT] = -1
        count = 1
    }

    /** The last class of a prefix; -1 of the empty one. */
    fun last(prefix: Int): Int = lasts[prefix]

    fun child(prefix: Int, each: Int): Int = children.getOrPut(prefix.toLong() * classes + each) {
        if (count == parents.size) {
            parents = parents.copyOf(2 * count)
            lasts = lasts.copyOf(2 * count)
        }
        parents[count] = prefix
        lasts[count] = each
        count++
    }

    fun classesOf(prefix: Int): IntArray {
        val found = ArrayList<Int>()
        var at = prefix
        while (at != ROOT) {
            found += lasts[at]
            at = parents[at]
        }
        return found.asReversed().toIntArray()
    }

    companion object {
        const val ROOT = 0
    }
}

private const val INITIAL = 64
