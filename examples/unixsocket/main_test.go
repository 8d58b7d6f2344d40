package main

func Example() {
	main()
	// Output:
	// 1. The socket is the host of the URL, its path escaped.
	//    GET /v1/info at localhost
	// 2. No redirect leads to a socket.
	//    refused
	// 3. Or every http URL of a session goes to one socket.
	//    GET /v1/info at daemon.test
	//    GET /v1/info at daemon.test
}
