// Package layering holds the one test that keeps the packages of Hearth in their
// order: who may import whom. The table is that of DESIGN.md.
package layering
