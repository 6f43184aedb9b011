// Package testrun runs the test blocks of packages, and the examples in their documentation, on executors.
//
// The model. A test block is run once per executor; kernels that it calls run there, everything else on the host
// (internal/script). A `for` in it says "for all of these": its combinations are sampled, the first and the last one always,
// from a seed that is printed. A failure is run again with smaller values of the ranges, as long as it is the same failure;
// the smallest is reported.
//
// The boundary: results are data. How they are shown is the command's.
package testrun
