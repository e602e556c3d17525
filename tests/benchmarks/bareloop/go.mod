module bareloop

go 1.25
