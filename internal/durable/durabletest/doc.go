// Package durabletest is for tests: it tells what of a folder would be there after a power cut. It notes what package
// durable asks of the disk, and keeps a model of the disk that holds no more than was synced.
package durabletest
