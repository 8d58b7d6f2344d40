package main

func Example() {
	main()
	// Output:
	// 1. A proxy for each scheme: http is forwarded, https goes through a tunnel.
	//    proxy one forwards
	//    HTTP/1.1, for the proxy: ""
	//    proxy two connects
	//    HTTP/2.0, for the proxy: ""
	// 2. One request goes elsewhere, another directly. No connection is shared between ways.
	//    proxy one connects
	//    HTTP/2.0, for the proxy: ""
	//    HTTP/2.0, for the proxy: ""
	//    HTTP/2.0, for the proxy: ""
	// 3. A proxy that refuses is an error of its own.
	//    refused
	// 4. The environment is asked when nothing is said.
	//    proxy two forwards
	//    HTTP/1.1, for the proxy: ""
	//    http://intranet.test/ goes through a proxy: false
	//    http://10.1.2.3/ goes through a proxy: false
	//    http://example.test/ goes through a proxy: true
}
