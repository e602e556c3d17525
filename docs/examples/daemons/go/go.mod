module example.org/subscriber

go 1.25
