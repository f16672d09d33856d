"""How fast Evenhand is: measured against a hand-written if-chain and two other engines, on one machine, in one run."""
