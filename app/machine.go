package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"satchel/backup"
	"satchel/certs"
	"satchel/datadir"
	"satchel/handover"
	"satchel/pages"
)

// Machine is what the pages tell of the server's machine and data. It looks at some files, not into the database.
func (i *installation) Machine(ctx context.Context) pages.Machine {
	cfg := i.cfg
	m := pages.Machine{Data: cfg.Data, File: cfg.File, TLS: cfg.TLS.Mode, BackupFolder: cfg.Backup.Folder, BackupEvery: time.Duration(cfg.Backup.Every),
		BackupsCrypted: cfg.Backup.PassphraseFile != ""}
	m.Free, m.Floor = datadir.FreeDisk(cfg)
	for _, file := range []string{cfg.Database(), cfg.Database() + "-wal"} {
		if info, err := os.Stat(file); err == nil {
			m.Database += info.Size()
		}
	}
	if key, err := handover.LoadKey(filepath.Join(cfg.Data, datadir.SigningKeyFile), ""); err == nil {
		m.Key = key.Fingerprint()
	}
	if leaf, err := certs.Leaf(ctx, cfg); err == nil && leaf != nil {
		m.Certificate = leaf.NotAfter
	}
	if cfg.Backup.Folder != "" {
		m.Backups = backupList(cfg.Backup.Folder)
	}
	return m
}

// backupList are the backups of a folder, the newest first.
func backupList(folder string) []pages.BackupFile {
	names, err := backup.Scheduled(folder)
	if err != nil {
		return nil
	}
	var all []pages.BackupFile
	for _, name := range slices.Backward(names) {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil {
			all = append(all, pages.BackupFile{Name: name, Made: backup.MadeAt(name), Bytes: info.Size()})
		}
	}
	return all
}
