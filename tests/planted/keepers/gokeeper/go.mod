module keepers/gokeeper

go 1.22
