"""Sentences with made-up names and addresses, to teach the tagger of guards/pii.

usage: made.py OUT.jsonl NAMES.txt [ROWS]

NAMES.txt gets the names themselves, "first NAME" or "last NAME" a line.

The sentences are written here; the names, towns, firms and addresses come from
Faker (MIT licence), in the languages of LOCALES, and from the lists of the US
Census of 1990 (public domain) in the package "names". Every run gives the same rows.
"""
import json
import random
import re
import sys

import names
from faker import Faker

LOCALES = {
    "en_US": 10, "en_GB": 8, "en_IN": 4, "en_AU": 2, "en_CA": 2, "en_IE": 2, "de_DE": 4, "de_AT": 2, "de_CH": 2, "fr_FR": 4, "fr_CH": 1, "es_ES": 3,
    "es_MX": 3, "it_IT": 4, "nl_NL": 4, "nl_BE": 3, "pt_BR": 4, "pt_PT": 2, "pl_PL": 4, "cs_CZ": 4, "sk_SK": 2, "hu_HU": 4, "ro_RO": 2, "hr_HR": 3, "sl_SI": 3,
    "da_DK": 3, "no_NO": 3, "sv_SE": 3, "fi_FI": 3, "et_EE": 3, "lt_LT": 2, "lv_LV": 2, "tr_TR": 2, "el_GR": 2, "ru_RU": 2, "uk_UA": 1, "bg_BG": 1,
    "vi_VN": 1, "id_ID": 2, "fil_PH": 2, "az_AZ": 1,
}

# {P} a person's full name, {F} first, {L} last; {A} an address, {S} its first line; {C} a town, {N} a country,
# {O} an organisation, {J} a job; {D} a date, {T} a time, {X} a number, {M} an amount, {K} a code, {E} an e-mail, {H} a phone number.
WITH = """
My name is {P}.
Hi, this is {F} from {O}.
hello my name is {p} and i need help with my order
i am {p}, can you check my account
Hello, I'm {P} and I'd like to change my address to {A}.
Dear {F},
Dear Mr. {L},
Dear Ms {L}, thank you for your letter of {D}.
Dear Dr. {L}, the results are in.
Best regards, {P}
Kind regards,\\n{P}\\n{J}\\n{O}
Thanks,\\n{F}
Sincerely yours,\\n{P}
Name: {P}
Name: {P}\\nPhone: {H}\\nE-mail: {E}
Full name: {P}\\nAddress: {A}
Customer: {P}, {C}
Contact: {P} ({J}), {E}
Bill to: {P}, {A}
Ship to:\\n{P}\\n{A}
Attn: {P}\\n{O}\\n{A}
Passenger {P} is booked on flight {K} to {C}.
Patient {P} was seen on {D} by Dr. {L}.
The patient, {P}, is a {X} year old man from {C}.
Dr. {P} will see you at {T}.
Please ask {F} to call me back at {H}.
{F} said that the invoice {K} was paid on {D}.
{P}, {J} at {O}, said the company would open an office in {C}.
{P} joined {O} in {C} as {J}.
According to {P}, sales in {N} rose by {X}%.
"We will not comment," said {P}, a spokesman for {O}.
{P} and {P} met in {C} on {D}.
{F} and {F} are getting married.
{F}, {F} and {F} took part in the meeting; {F} was excused.
Present: {P}, {P}, {P}. Minutes: {P}.
The meeting was opened by {P} at {T}.
{L} moved to approve the minutes; {L} seconded.
The contract between {O} and {P} ends on {D}.
This agreement is made between {P}, residing at {A}, and {O}.
{P} was born in {C}.
{P} lives at {A}.
{F} lives in {S}.
She moved to {A} last year.
Please send the parcel to {A}.
Please deliver it to {P}, {A}.
My new address is {A}.
my address is {A}
The office is at {S}, next to the station.
Our branch in {C} is at {S}.
We meet at {S} at {T}.
Turn left into {S} and stop.
You can find us here: {A}
Return address: {A}
The property at {A} was sold for {M}.
A taxi from {S} to {S}, please.
Billing address: {A}. Card on file ends in {X}.
The delivery to {S} failed.
Where do you live? {A}
I was born and raised in {C}.
{C} is the largest city in {N}.
{O} is based in {C}, {N}.
{O} announced results on {D}.
He works for {O}.
The visa for {N} was refused.
We ship to {N} and {N}.
Who is {P}?
Is {F} in today?
Tell {F} I said hello.
{F}'s laptop is broken.
{P}'s request was approved by {F}.
{F}: can you send me the report?\\n{F}: sure, in a minute.
{F} ({T}): I am on my way.
Agent: Good morning, how can I help?\\nCustomer: I'm {P}, my order {K} never came.
From: {P} <{E}>\\nTo: {P} <{E}>\\nSubject: Invoice {K}
Cc: {P}, {P}
On {D}, {P} wrote:
Reviewed by {P} on {D}.
Author: {P}
Signed: {P}
Witness: {P}
Employee {P} (no. {X}) reports to {P}.
{P} reports to {F} {L}.
The claim of Mrs {L} was denied.
Sir {P} and Lady {L} attended.
Prof. {P} teaches at {O}.
Judge {L} ruled against {O}.
Senator {L} voted no.
President {L} spoke in {C}.
Captain {L} has left the ship.
Uncle {F} and Aunt {F} are coming.
My husband {F} is allergic to nuts.
My son {F} goes to school in {C}.
The account holder is {P}.
Beneficiary: {P}
In case of emergency call {P} at {H}.
The name on the card is {P}.
It is booked under {P}.
It should be under {L}.
Change the name to {P}, please.
They call me {F}.
Everyone calls him {F}.
Her maiden name was {L}.
{L}, {F}
{L}, {F} ({J})
1. {P}\\n2. {P}\\n3. {P}
- {P}, {J}\\n- {P}, {J}
| {P} | {J} | {C} |
{P}\\t{E}\\t{H}
{P};{D};{M}
Winner: {P} from {C}!
The book by {P} sold well.
{P} wrote the song with {P}.
{P} scored twice as {C} beat {C}.
{L} beat {L} in the final.
Coach {L} praised {L} after the win.
{P} has resigned as {J} of {O}.
Police in {C} arrested {P}, {X}.
{F} here. Still waiting.
thx {f}, see you at {t}
{f} is so funny lol
omg {f} did it again
happy birthday {f} !!
watching {p} tonight
@ {U} thanks for the follow
RT @ {U} : good morning
Good morning {F}!
Hey {F}, any news?
Hi {F} and {F},
Thank you {F} for your help yesterday.
I spoke with {F} in your {C} store.
Your agent today was {F}.
Ask for {F} at the desk.
The driver, {F} {L}, arrived at {T}.
Our technician {P} will visit you on {D}.
The appointment with {P} is at {T}.
Please add {P} as an authorised user.
The prescription for {P} is ready.
{P} has been diagnosed with asthma.
Tenant: {P}\\nProperty: {A}\\nRent: {M}
Candidate {P} has five years of experience at {O}.
References: {P}, {J}, {O}, {H}
Emergency contact: {F} {L}, {H}
Your host {F} will meet you at {S}.
Guest: {P}\\nRoom: {X}\\nArrival: {D}
"""

WITH += """
{F} spent two years at {O} before moving to {C}.
{F} is from {O}
{F} is from {C}
{F} comes from {N} and works at {O}.
{F} left {O} in {X}.
{F}, who came from {C}, is {X}.
please connect me with ms. {L}
i would like to talk to mr. {L} about invoice {K}
mrs. {L} called at {T}
"I don't know," said {F} to {F}.
"Where is it?" asked {F}.
{F} smiled at {F}.
{O} songwriter {P} wrote the first verse about {O}.
{O} manager {P} quit.
{N} striker {P} was injured.
{O} chairman {L} told {O}.
Remember me, {F}?
You left me, {F}, with the children.
I love you {F}!
{F}, {C}
Photo by {P}
Directed by {P}, starring {P} and {P}
{P} vs {P}
{P}: {O} will open in {C}
{P} dies at {X}
{P} and his wife {F} live in {C}.
{L} and {L} are the two finalists.
In {X}, {P} founded {O} in {C}.
{P} ({X}-{X}) was a {J}.
The {L} family lives in {C}.
The {O} team met {F} from {O}.
A letter from {F} reached {O} on {D}.
Mr and Mrs {L}
Ms. {P} is the {J} of {O}.
I sent it to {F} and {F} at {O}.
{F}, could you look at this?
Could you ask {P}?
Have you seen {F}?
with {F} and {F} at {C}
i miss {f} so much
is that {p} ?
{f} and {f} are the best
love you {f} <3
lol {p} is back
listening to {p}
@ {U} @ {U} see you there
. @ {U} is live now
“ @ {U} : so true ”
via @ {U}
The restaurant is at {S}.
Pedestrians must use {S} this month.
The accident happened on {S} near {C}.
The bus stops at {S}.
Please come to {A} at {T}.
it is {A}
the corner of {S} and {S}
"""

# Ordinary text in which capitals, numbers and dates are nobody's.
WITHOUT = """
Order {K} was shipped on {D} and will arrive within {X} days.
Please update to version {X}.{X}.{X} before {D}.
The Monday meeting is moved to Tuesday.
Our Return Policy was updated in January.
Click Settings, then Account, then Change Password.
Open the Start menu and choose Control Panel.
The Premium plan costs {M} a month; the Basic plan is free.
Invoice {K} for {M} is due on {D}.
Terms and Conditions apply.
The Supplier shall deliver the Goods to the Customer within {X} days.
The Agreement may be terminated by either Party with {X} days' notice.
Section {X}.{X} of the Agreement remains in force.
See Figure {X} and Table {X}.
Chapter {X}: Getting Started
Windows and Linux are supported; Android will follow.
The Board approved the Annual Report.
The Human Resources department answers within {X} days.
Customer Service is open Monday to Friday.
What is the warranty on the washing machine?
How do I cancel my subscription?
Yes, you can return it within {X} days.
I cannot help with that.
The test failed with error {X}: Connection Refused.
The Model {K} has a capacity of {X} litres.
Batch {K}, item {X} of {X}.
English, French and German are spoken.
The Internet was down on Wednesday.
Happy New Year!
Good Morning America
Thank You!
Best Regards
Please Note: all prices include VAT.
FREE SHIPPING ON ALL ORDERS OVER {M}
IMPORTANT: READ THIS FIRST
The Product is sold as is.
Project Falcon starts in April.
Quarterly Business Review, Q{X} {X}
Sales rose {X}% in {N} and fell in {N}.
Data Protection Officer: see our Privacy Policy.
The Chief Financial Officer presented the results.
Head of Marketing wanted in {C}.
{O} and {O} signed a contract worth {M}.
{O} opens a store in {C}.
Flights from {C} to {C} start at {M}.
The {C} office is closed on {D}.
Meeting Room {X}, Building {K}
Step {X}: Insert the battery.
The Kestrel {X} charges in {X} hours.
Use the Bluetooth button.
Java, Python and Ruby are languages.
Add the Sugar, then the Butter.
Room {X} is ready.
Page {X} of {X}
Total: {M}
Subtotal {M}, Tax {M}
Track your parcel with number {X}{X}{X}.
We hired {X} people in {X}.
The temperature was {X} degrees.
Level {X} support is available to Gold members.
The Annual General Meeting takes place in {C}.
Why was my card declined?
Could you tell me the opening hours?
The Ministry of Health published new rules.
University of {C}
The Bank of {N} raised rates.
Lake {C} is cold.
The Christmas sale begins on {D}.
Words like {W} and {W} are not names.
{W} and {W}
Our values are {W}, {W} and {W}.
The {W} {W} is included.
{W} is not always {W}.
Why {W}?
{W}: the {W} of {W}
How to Use {W} in {X} Steps
Choose {W}, then {W}.
The {W} Guide to {W}
{W} Policy
Press {W} to begin.
Read about {W} on page {X}.
The {W} was founded in {X}.
{O} {W}
{W} services from {O}
{O} sells {W} and {W}.
{N} and {N} share a border.
The bridge of {C} is falling down.
{C} Bridge is closed.
Bonjour, merci beaucoup.
Guten Tag, vielen Dank.
""".strip()

# Words that are written with a capital for many reasons and name nobody.
NOUNS = """Wisdom Courage Honesty Respect Quality Safety Trust Freedom Justice Truth Peace Discipline Integrity Teamwork Passion Innovation Excellence Security
Privacy Accounting Marketing Finance Logistics Procurement Engineering Legal Sales Support Design Research Operations Compliance Payroll Recruiting Training
Premium Standard Basic Plus Pro Enterprise Gold Silver Platinum Starter Deluxe Classic Ultra Max Mini Lite Turbo Prime Select Choice Express Direct Connect
Refund Warranty Return Shipping Delivery Invoice Receipt Payment Discount Coupon Voucher Balance Statement Deposit Transfer Withdrawal Mortgage Loan Insurance
Dashboard Settings Profile Account Password Login Download Upload Install Update Restart Shutdown Backup Restore Sync Search Filter Export Import Print Save
Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February April June July August September October November December Christmas Easter Ramadan
Spring Summer Autumn Winter Morning Evening Weekend Holiday Birthday Party Meeting Conference Workshop Webinar Seminar Lecture Course Lesson Exam Diploma
Battery Charger Adapter Cable Keyboard Monitor Printer Scanner Router Modem Camera Speaker Headset Phone Tablet Laptop Desktop Server Cloud Network Firewall
Engine Brake Clutch Gearbox Tyre Mirror Bumper Radiator Filter Pump Valve Sensor Switch Relay Fuse Lamp Heater Cooler Fan Blender Toaster Kettle Oven Fridge
Coffee Tea Milk Bread Butter Cheese Honey Sugar Salt Pepper Olive Rice Pasta Soup Salad Chicken Beef Fish Apple Orange Banana Cherry Mango Lemon Ginger Basil
Physics Chemistry Biology History Geography Music Art Drama Poetry Religion Philosophy Economics Politics Law Medicine Nursing Dentistry Pharmacy Surgery
English French German Spanish Italian Polish Russian Chinese Japanese Arabic Dutch Swedish Finnish Turkish Greek Hebrew Hindi Korean Portuguese Latin
Government Parliament Senate Congress Council Committee Commission Ministry Department Agency Court Police Army Navy Church Mosque Temple School College
Important Warning Notice Attention Caution Danger Please Thanks Hello Welcome Congratulations Sorry Yes No Maybe Today Tomorrow Yesterday Always Never
Java Python Ruby Swift Kotlin Rust Docker Kubernetes Linux Windows Android Chrome Firefox Safari Outlook Excel Word Teams Slack Zoom Jira GitHub Oracle""".split()

MONTHS = "January February March April May June July August September October November December".split()
CODES = ["INV-{}", "{}-A", "KX{}", "PO{}", "#{}", "SKU-{}", "TR{}", "{}/24"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        Faker.seed(seed)
        random.seed(seed)  # of names
        self.fakers = {name: Faker(name) for name in LOCALES}
        self.names = list(LOCALES)
        self.weights = list(LOCALES.values())

    def faker(self):
        return self.fakers[self.random.choices(self.names, self.weights)[0]]

    def first(self, f):
        if self.random.random() < 0.2:
            return names.get_first_name()
        return f.first_name()

    def last(self, f):
        if self.random.random() < 0.2:
            return names.get_last_name()
        return f.last_name()

    def person(self, f):
        first, last = self.first(f), self.last(f)
        kind = self.random.random()
        if kind < 0.12:
            first += " " + self.random.choice("ABCDEFGHIJKLMNOPRSTVW") + self.random.choice([".", ""])
        elif kind < 0.18:
            first = first + " " + f.first_name()
        elif kind < 0.21:
            last = last + "-" + f.last_name()
        elif kind < 0.24:
            last = last + " " + f.last_name()
        elif kind < 0.27:
            first = first[0] + "."
        elif kind < 0.29:
            last = self.random.choice(["van ", "de ", "von ", "van der ", "del ", "al-", "O'", "Mac", "Mc", "Di "]) + last
        return f"{first} {last}"

    def address(self, f):
        text = f.address()
        r = self.random
        if r.random() < 0.5:
            text = text.replace("\n", r.choice([", ", " ", ", "]))
        if r.random() < 0.1:
            text += r.choice([", ", " ", "\n"]) + self.fakers["en_US"].country()
        if r.random() < 0.15:
            text = f"{r.randint(1, 9999)} " + self.street(f)
            if r.random() < 0.6:
                text += r.choice([" Apt. ", " Suite ", ", Apt ", ", Flat "]) + str(r.randint(1, 990))
            if r.random() < 0.8:
                text += r.choice([", ", "\n", " "]) + f.city()
            if r.random() < 0.6:
                text += r.choice([", ", " "]) + f.postcode()
        elif r.random() < 0.06:
            text = r.choice(["PO Box {}", "P.O. Box {}", "Unit {} Box {}", "PSC {}, Box {}", "Postfach {}"]).replace("{}", str(r.randint(100, 9999)))
            if r.random() < 0.6:
                text += r.choice(["\n", ", "]) + r.choice(["APO", "FPO", "DPO"]) + " " + r.choice(["AA", "AE", "AP"]) + f" {r.randint(10000, 99999)}"
        return text

    def street(self, f):
        return f.street_address().replace("\n", " ") if hasattr(f, "street_address") else f.address().split("\n")[0]

    def fill(self, template):
        while True:
            try:
                return self.filled(template)
            except AttributeError:  # a language that lacks such words
                continue

    def filled(self, template):
        f = self.faker()
        r = self.random
        lower = lambda s: s.lower()
        pieces, spans, at = [], [], 0
        for part in re.split(r"(\{\w\})", template):
            label = None
            m = re.fullmatch(r"\{(\w)\}", part)
            if m:
                k = m.group(1)
                if r.random() < 0.15:
                    f = self.faker()
                if k in "PpFfL":
                    label = "person"
                    part = {"P": self.person, "p": lambda g: lower(self.person(g)), "F": self.first, "f": lambda g: lower(self.first(g)), "L": self.last}[k](f)
                    if k in "PF" and r.random() < 0.02:
                        part = part.upper()
                elif k == "A":
                    label, part = "address", self.address(f)
                elif k == "S":
                    label, part = "address", self.street(f)
                elif k == "C":
                    label, part = "place", f.city()
                elif k == "N":
                    label, part = "place", self.fakers["en_US"].country()
                elif k == "O":
                    label, part = "organisation", f.company() if r.random() < 0.7 else self.fakers["en_US"].last_name() + r.choice([" Inc", " Group", " Bank", "", " Airlines", " & Sons", " Labs", "soft", " Foundation", " University"])
                elif k == "W":
                    part = r.choice(NOUNS)
                elif k == "J":
                    part = self.fakers["en_US"].job()
                elif k == "D":
                    part = r.choice([f"{r.randint(1, 28)} {r.choice(MONTHS)} {r.randint(1990, 2026)}", f"{r.choice(MONTHS)} {r.randint(1, 28)}", f"{r.randint(2000, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}", f"{r.randint(1, 12)}/{r.randint(1, 28)}/{r.randint(2000, 2026)}", "Monday", "Friday", "tomorrow"])
                elif k in "Tt":
                    part = r.choice([f"{r.randint(1, 12)}pm", f"{r.randint(0, 23)}:{r.randint(0, 59):02}", "noon"])
                elif k == "X":
                    part = str(r.choice([r.randint(1, 12), r.randint(10, 99), r.randint(100, 9999)]))
                elif k == "M":
                    part = r.choice(["${}", "{} EUR", "£{}", "€{}", "USD {}"]).replace("{}", r.choice([str(r.randint(1, 999)), f"{r.randint(1, 999)}.{r.randint(0, 99):02}", f"{r.randint(1, 99)},{r.randint(100, 999)}"]))
                elif k == "K":
                    part = r.choice(CODES).replace("{}", str(r.randint(10, 999999)))
                elif k == "E":
                    part = self.fakers["en_US"].email()
                elif k == "H":
                    part = f.phone_number()
                elif k == "U":
                    label, part = "person", self.fakers["en_US"].user_name()
            if label:
                spans.append([at, at + len(part), label])
            pieces.append(part)
            at += len(part)
        text = "".join(pieces)
        change = r.random()
        if change < 0.07 and len(text.lower()) == len(text):
            text = text.lower()
        elif change < 0.09 and len(text.upper()) == len(text):
            text = text.upper()
        return {"text": text, "spans": spans}


def main():
    out, known, rows = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 60000
    m = Maker(7)
    with_, without = [t.replace("\\n", "\n").replace("\\t", "\t") for t in WITH.strip().split("\n")], [t for t in WITHOUT.split("\n")]
    with open(out, "w", encoding="utf-8") as f:
        for i in range(rows):
            t = m.random.choice(without if i % 4 == 3 else with_)
            if m.random.random() < 0.3:
                t = t + m.random.choice([" ", "\n", "\n\n"]) + m.random.choice(with_ + without)
            row = m.fill(t)
            row["source"] = "made"
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


    write_names(known, m)


def write_names(path, m):
    """The names that Faker and the census list hold, words of one letter left out."""
    found = {"first": set(), "last": set()}
    for name, faker in m.fakers.items():
        provider = next(p for p in faker.factories[0].get_providers() if type(p).__module__.startswith("faker.providers.person"))
        for attribute in dir(provider):
            kind = "first" if attribute.startswith("first_names") else "last" if attribute.startswith("last_names") else None
            values = getattr(provider, attribute)
            if kind and hasattr(values, "__iter__"):
                found[kind].update(values)
    for kind, file, most in (("first", "first:male", 99), ("first", "first:female", 99), ("last", "last", 85)):
        with open(names.FILES[file]) as f:  # NAME FREQUENCY CUMULATIVE RANK
            for line in f:
                name, _, cumulative, _ = line.split()
                if float(cumulative) <= most:
                    found[kind].add(name)
    with open(path, "w", encoding="utf-8") as f:
        for kind, values in found.items():
            for value in sorted({w.lower() for v in values for w in re.split(r"[\s-]+", v) if len(w) > 1}):
                f.write(f"{kind} {value}\n")


if __name__ == "__main__":
    main()
