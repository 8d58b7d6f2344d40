package hidden

type Thing struct{}
