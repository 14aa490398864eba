package com.google.android.gms.common.api

open class ApiException(message: String) : Exception(message)
