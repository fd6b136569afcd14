package imports

import (
	"satchel/fhir"
	"satchel/storage"
)

// Limits of a batch: one transaction.
const (
	batches    = 3 // one is filled, one prepared, one stored
	batchCount = 4000
	batchBytes = 8 << 20
	docKeep    = 1 << 20 // a document that has grown beyond this is not kept for the next batch
)

// batch is what is stored in one transaction: documents, or deletions. Its documents keep their memory for the next batch.
type batch struct {
	docs      []*fhir.Document
	offers    []storage.Offer // of the documents that were taken
	deletions []storage.Deletion
	spots     []spot // of the documents that were taken, or of the deletions
	used      int
	bytes     int
	ready     *storage.Batch
}

// next is a document to fill; it belongs to the batch once it is taken.
func (b *batch) next() *fhir.Document {
	if b.used == len(b.docs) {
		b.docs = append(b.docs, &fhir.Document{})
	}
	return b.docs[b.used]
}

// take adds the document of the last next. It reports whether the batch is full.
func (b *batch) take(at spot, offer storage.Offer) bool {
	b.bytes += len(b.docs[b.used].JSON())
	b.used++
	b.offers, b.spots = append(b.offers, offer), append(b.spots, at)
	return b.used >= batchCount || b.bytes >= batchBytes
}

// delete adds a deletion. It reports whether the batch is full.
func (b *batch) delete(at spot, d storage.Deletion) bool {
	b.deletions, b.spots = append(b.deletions, d), append(b.spots, at)
	return len(b.deletions) >= batchCount
}

// empty reports whether there is nothing to store.
func (b *batch) empty() bool { return b.used == 0 && len(b.deletions) == 0 }

func (b *batch) reset() {
	for i, d := range b.docs[:b.used] {
		if len(d.JSON()) > docKeep {
			b.docs[i] = &fhir.Document{}
		}
	}
	b.offers, b.deletions, b.spots = b.offers[:0], b.deletions[:0], b.spots[:0]
	b.used, b.bytes, b.ready = 0, 0, nil
}
