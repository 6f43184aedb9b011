package llvm

// O3 is LLVM's own pipeline for -O3.
const O3 = "default<O3>"

// NoPasses only checks the module: what the printer wrote goes to the code generator as it is.
const NoPasses = "verify"

// DefaultPasses is a short pipeline for kernels that our own passes have already shaped.
const DefaultPasses = "function(sroa,early-cse<memssa>,instcombine,simplifycfg)"
