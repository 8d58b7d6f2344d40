package one

func Example() {}
