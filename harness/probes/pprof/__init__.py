"""Go's pprof profiles: decoded, subtracted, and what they say a program keeps."""
