module dosed

go 1.24
