// Package torture kills the real binary at random moments, fills its disk and takes away its rights, and looks at what is left. It
// has tests only. SATCHEL_TORTURE sets the number of rounds (make torture); without it two rounds show that the harness works.
package torture
