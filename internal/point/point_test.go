package point

import (
	"math"
	"testing"
)

func TestValueAsJSON(t *testing.T) {
	for v, want := range map[Value]any{Number(2.5): 2.5, Truth(true): true, Truth(false): false, String("run"): "run"} {
		if got := v.Any(); got != want {
			t.Errorf("%#v: got %v, want %v", v, got, want)
		}
	}
}

func TestEqualIsBitwise(t *testing.T) {
	if !Number(math.NaN()).Equal(Number(math.NaN())) || Number(0).Equal(Number(math.Copysign(0, -1))) || Number(1).Equal(Truth(true)) {
		t.Fatal("Equal is not bitwise")
	}
}

func TestSeriesName(t *testing.T) {
	if got := SeriesName("plant/press/1", "motor.temp"); got != "plant/press/1/motor.temp" {
		t.Fatal(got)
	}
}
