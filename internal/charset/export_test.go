package charset

// Detect returns the name of the charset by which [Decode] reads b.
func Detect(b []byte, contentType, forced string) string {
	name, _ := detect(b, contentType, forced)
	return name
}
