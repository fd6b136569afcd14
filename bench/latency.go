package main

import (
	"context"
	"log"
	"sync"
	"time"

	"satchel/demo"
)

// patientExports measures kick-off to manifest of one typical patient, one job after the other.
func patientExports(ctx context.Context, o options, s *server, f *figures) error {
	var took []float64
	for range o.patients {
		m, status, d, err := s.export(ctx, "/Patient/"+demo.TypicalPatientID+"/$export")
		if err != nil {
			return err
		}
		f.PatientResources = 0
		for _, file := range m.Output {
			f.PatientResources += file.Count
		}
		took = append(took, d.Seconds())
		if err := s.release(ctx, status); err != nil {
			return err
		}
	}
	f.PatientP50, f.PatientP99 = quantile(took, 0.50), quantile(took, 0.99)
	return nil
}

// readsDuringExport reads one resource again and again from four clients while an export of everything runs.
func readsDuringExport(ctx context.Context, s *server, f *figures) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	var (
		mu   sync.Mutex
		took []float64
		fail error
		wg   sync.WaitGroup
	)
	for range 4 {
		wg.Go(func() {
			for running.Err() == nil {
				start := time.Now()
				err := s.read(ctx, "/Patient/"+demo.TypicalPatientID)
				mu.Lock()
				if err != nil {
					fail = err
				}
				took = append(took, time.Since(start).Seconds())
				mu.Unlock()
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	_, status, d, err := s.export(ctx, "/$export")
	stop()
	wg.Wait()
	if err != nil {
		return err
	}
	log.Printf("%d reads while an export of %.2f s ran", len(took), d.Seconds())
	f.Reads, f.ReadP50, f.ReadP99 = len(took), quantile(took, 0.50), quantile(took, 0.99)
	if err := s.release(ctx, status); err != nil {
		return err
	}
	return fail
}
