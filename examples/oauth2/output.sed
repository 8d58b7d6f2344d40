# The servers of the example listen on a port of the system's choice.
s/127\.0\.0\.1:[0-9][0-9]*/127.0.0.1:PORT/g
