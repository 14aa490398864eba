"""Files that compute integers alone, and int8 borders: what the quantizer library does not make."""
