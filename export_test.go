package girih

// LoadedPrograms counts what the device has loaded, for tests.
func LoadedPrograms(d *Device) int {
	d.progMu.Lock()
	defer d.progMu.Unlock()
	return len(d.programs)
}
