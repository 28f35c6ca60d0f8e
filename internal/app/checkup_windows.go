package app

// openToOthersMatters: on Windows the mode says nothing.
const openToOthersMatters = false

// fileLimit is not known: Windows has none that matters.
func fileLimit() uint64 { return 0 }
