package guards

// synonyms are words that business texts use for one another, a group a line;
// the first stands for the rest. Only words that can take each other's place in
// a statement of fact go here: it is better to miss one than to hide a difference.
const synonyms = `
cost costs costing price prices priced pricing fee fees
pay pays paying paid payment payments
weigh weighs weighing weighed weight weights
customer customers client clients shopper shoppers buyer buyers
staff employee employees worker workers personnel
leave holiday holidays vacation vacations
return returns returning returned
phone phones telephone telephones
email emails
begin begins began beginning begun start starts starting started commence commences commenced
end ends ending ended finish finishes finished conclude concludes concluded
contain contains containing contained include includes including included comprise comprises comprised
allow allows allowed allowing permit permits permitted permitting
need needs needed require requires required requiring requirement requirements
get gets obtain obtains obtained receive receives receiving received
give gives giving gave given provide provides providing provided offer offers offering offered
buy buys buying bought purchase purchases purchased purchasing
guarantee guarantees guaranteed warranty warranties
delivery deliveries deliver delivers delivered delivering ship ships shipped shipping shipment shipments
parcel parcels package packages
bicycle bicycles bike bikes
car cars automobile automobiles
company companies firm firms business businesses
near close nearby
found founded founding establish establishes established
locate located location locations situated
created create creates creating
cancel cancels cancelled canceled cancelling cancellation cancellations
refund refunds refunded reimburse reimbursed reimbursement
discount discounts discounted rebate rebates
revenue revenues turnover
quarter quarters
sum amount amounts
film films movie movies
physician physicians doctor doctors
medicine medicines medication medications drug drugs
kid kids child children
assist assists assistance help helps support supports
big large
quick quickly fast rapid rapidly
annual annually yearly
monthly month months
weekly week weeks
daily day days
hour hours hourly
rise rises rising rose risen grow grows growing grew grown increase increases increasing increased climb climbs climbed
fall falls falling fell fallen decrease decreases decreasing decreased decline declines declined declining drop drops dropped dropping
show shows showing showed shown indicate indicates indicated
choose chooses choosing chose chosen select selects selected selecting pick picks picked
sign signs signed signing
house houses home homes
employ employs employed hire hires hired hiring
purpose purposes goal goals aim aims
answer answers answered reply replies replied respond responds responded response responses
request requests requested ask asks asked asking
submit submits submitted submitting file files filed filing
error errors fault faults
repair repairs repaired fix fixes fixed fixing mend mends mended
manager managers head heads
premises site sites
shop shops store stores
street road
maximum max
minimum min
approximately about roughly around
`
