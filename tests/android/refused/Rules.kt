package refused

import androidx.activity.ComponentActivity
import androidx.compose.ui.test.junit4.AndroidComposeTestRule
import androidx.test.ext.junit.rules.ActivityScenarioRule

abstract class OwnRule :
    AndroidComposeTestRule<ActivityScenarioRule<ComponentActivity>, ComponentActivity>() // refused 24: it is final
