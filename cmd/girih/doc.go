package main

func (a *app) docPage(name string) error { return usagef("nothing is called %s", name) }
