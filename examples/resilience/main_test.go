package main

// What is printed is what was decided.
func Example() {
	main()
	// Output:
	// 1. All is well.
	//    status 200 with "answer 1"
	// 2. The server is overloaded for a moment.
	//    attempt 1: status 503 (status), to be tried again
	//    status 200 with "answer 3"
	//    2 attempts; of the last: status 200
	// 3. The server hangs, which costs one attempt.
	//    attempt 1: no answer in time, to be tried again
	//    status 200 with "answer 5"
	//    2 attempts; of the last: status 200
	// 4. An outage begins: the attempts are used up, the last response is returned.
	//    attempt 1: status 502 (status), to be tried again
	//    attempt 2: status 502 (status), to be tried again
	//    status 502 with ""
	//    3 attempts; of the last: status 502 (attempts are used up)
	// 5. It goes on: so many failures open the circuit.
	//    attempt 1: status 502 (status), to be tried again
	//    the circuit is open
	//    attempt 2: status 502 (status), to be tried again
	//    not sent: the circuit is open
	// 6. Its time is over: one request tries it, and it is closed.
	//    the circuit is half-open
	//    the circuit is closed
	//    status 200 with "answer 11"
	// 7. The server is back.
	//    status 200 with "answer 12"
	// 8. A POST is not sent twice, unless no connection was had.
	//    attempt 1: no connection, to be tried again
	//    attempt 2: no connection, to be tried again
	//    given up after 3 attempts
}
