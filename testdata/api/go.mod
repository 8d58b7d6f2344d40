module example.test/things

go 1.26.0
