// Package kernels is Girih kernels as Go functions. kernels_gen.go and the directory kernels_gen are generated.
package kernels

//go:generate go tool girih gen kernels.girih --target sm_80,sm_90a,cpu --shape RMSNorm.N=256
