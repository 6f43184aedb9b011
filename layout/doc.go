// Package layout is the algebra of layouts: which thread holds which element of a tile, and where an element lies in
// memory. It knows nothing of tile IR, of targets or of number types; layouts are pure immutable values.
package layout
