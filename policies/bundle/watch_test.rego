package touchstone_test

import data.touchstone

test_alarms_have_the_id_of_their_rule if {
	found := touchstone.alarms with data.watch as {"groups": {"difference": {"alarm": {{"comparison": 2, "message": "Worse."}}}, "drift": {"alarm": set()}}}
	found == {{"id": "groups.difference", "comparison": 2, "message": "Worse."}}
}
