package sim

// kind is what the machines of one station have in common.
type kind struct {
	name, area, cell string
	perLine          int
	warmUp           float64 // time constant of heating, seconds
	life             float64 // running seconds until the tool is worn
	power            float64 // kW at full speed
	process          [5]metric
}

// metric is a process value: a sum of what drives it, and noise. Heat and speed
// are 1 in normal running, shift is the signed deviation of the material, wear
// goes from 0 to 1 and acts squared.
type metric struct {
	name                           string
	base, heat, speed, shift, wear float64
	noise                          float64
	decimals                       int
}

// kinds are the stations of a line in the order of the material.
var kinds = [...]kind{
	{"mixer", "electrode", "mixing", 1, 90, 5400, 22, [5]metric{
		{name: "slurry_temperature", base: 21, heat: 14, noise: .15, decimals: 2},
		{name: "viscosity", base: 5800, heat: -600, shift: 420, noise: 25},
		{name: "torque", speed: 180, shift: 14, wear: 35, noise: 2.5, decimals: 1},
		{name: "mixer_speed", speed: 1450, noise: 6},
		{name: "vacuum", base: 1013, speed: -965, wear: 25, noise: 1.2, decimals: 1},
	}},
	{"coater", "electrode", "coating", 1, 180, 7200, 140, [5]metric{
		{name: "oven_temperature", base: 22, heat: 98, speed: -1.5, noise: .4, decimals: 2},
		{name: "web_speed", speed: 25, noise: .05, decimals: 2},
		{name: "web_tension", base: 5, speed: 62, wear: 14, noise: .8, decimals: 1},
		{name: "coat_weight", speed: 182, shift: 5.5, wear: 3, noise: .7, decimals: 2},
		{name: "coating_gap", base: 152, heat: -2, shift: 1.5, wear: 6, noise: .2, decimals: 2},
	}},
	{"calender", "electrode", "calendering", 1, 150, 6300, 55, [5]metric{
		{name: "roll_temperature", base: 22, heat: 68, noise: .3, decimals: 2},
		{name: "line_force", base: 100, speed: 850, shift: 40, wear: 120, noise: 4, decimals: 1},
		{name: "nip_gap", base: 74, heat: -1.2, wear: 5, noise: .15, decimals: 2},
		{name: "web_speed", speed: 24, noise: .05, decimals: 2},
		{name: "thickness", base: 118, shift: 2.6, wear: 3, noise: .3, decimals: 2},
	}},
	{"slitter", "electrode", "slitting", 1, 30, 3600, 18, [5]metric{
		{name: "blade_speed", speed: 310, noise: 1.5, decimals: 1},
		{name: "blade_force", base: 1, speed: 11, wear: 22, noise: .4, decimals: 2},
		{name: "edge_burr", base: 3, shift: 1.5, wear: 18, noise: .5, decimals: 2},
		{name: "web_tension", base: 4, speed: 48, noise: .6, decimals: 1},
		{name: "dust", base: 40, speed: 80, wear: 300, noise: 9, decimals: 0},
	}},
	{"press", "assembly", "pressing", 4, 40, 2700, 7.5, [5]metric{
		{name: "press_force", speed: 2.4, shift: .08, wear: .7, noise: .02, decimals: 3},
		{name: "punch_temperature", base: 22, heat: 19, wear: 9, noise: .2, decimals: 2},
		{name: "stroke_rate", speed: 75, noise: .3, decimals: 1},
		{name: "punch_position", base: 1.62, shift: .006, wear: .05, noise: .002, decimals: 4},
		{name: "peak_current", base: .6, speed: 8.2, wear: 3.1, noise: .12, decimals: 2},
	}},
	{"filler", "assembly", "filling", 2, 60, 4500, 4, [5]metric{
		{name: "electrolyte_temperature", base: 21, heat: 4, noise: .06, decimals: 2},
		{name: "dose", base: 152, shift: 2.2, wear: -9, noise: .5, decimals: 2},
		{name: "pump_pressure", base: .2, speed: 3.1, wear: .9, noise: .03, decimals: 3},
		{name: "needle_vacuum", base: 980, speed: -890, wear: 70, noise: 2, decimals: 1},
		{name: "dew_point", base: -30, heat: -14, noise: .3, decimals: 1},
	}},
	{"crimper", "assembly", "crimping", 2, 30, 3300, 6, [5]metric{
		{name: "crimp_force", speed: 4.6, shift: .12, wear: .8, noise: .03, decimals: 3},
		{name: "crimp_height", base: 3.2, shift: .012, wear: .04, noise: .002, decimals: 4},
		{name: "die_temperature", base: 22, heat: 16, wear: 7, noise: .2, decimals: 2},
		{name: "stroke_rate", speed: 150, noise: .5, decimals: 1},
		{name: "leak_rate", base: 4, shift: .9, wear: 11, noise: .4, decimals: 2},
	}},
	{"rack", "formation", "racks", 6, 240, 14400, 35, [5]metric{
		{name: "chamber_temperature", base: 25, heat: 20, wear: 3, noise: .1, decimals: 2},
		{name: "cell_voltage", base: 3.62, shift: -.03, noise: .004, decimals: 4},
		{name: "charge_current", speed: 2.1, noise: .008, decimals: 3},
		{name: "capacity", base: 48.5, shift: -.9, wear: -1.1, noise: .12, decimals: 2},
		{name: "resistance", base: 31, shift: 1.8, wear: 3, noise: .25, decimals: 2},
	}},
	{"inspector", "quality", "inspection", 2, 20, 9000, 3, [5]metric{
		{name: "contrast", base: 88, wear: -22, noise: .4, decimals: 1},
		{name: "focus_error", base: 1.5, heat: -.6, wear: 4, noise: .08, decimals: 2},
		{name: "lamp_temperature", base: 23, heat: 31, wear: 6, noise: .2, decimals: 1},
		{name: "cycle_time", base: 380, wear: 60, noise: 3, decimals: 0},
		{name: "diameter", base: 20, shift: .011, noise: .003, decimals: 4},
	}},
}

// perLine is how many machines a whole line has.
var perLine = func() (n int) {
	for _, k := range kinds {
		n += k.perLine
	}
	return n
}()
