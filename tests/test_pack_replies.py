"""Drafts as people write them, held against the house: what must be stopped, and what must not."""

from __future__ import annotations

import datetime as dt

import pytest

from evenhand import Policy
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.replies import check_reply
from evenhand.rules.moments import milliseconds

OPENED = milliseconds(dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC))

#: By the ban that has to stop it.
STOPPED = {
    "admits-liability": [
        "It was our fault and we want to make it right.",
        "I'm sorry, that was entirely my fault.",
        "We messed up badly and we are to blame for your injury.",
        "We accept full responsibility for your accident.",
        "We take responsibility for what happened to your daughter.",
        "This was caused by our negligence.",
        "We are at fault here, no question.",
        "The blame is ours.",
        "We admit that the floor was wet.",
        "I am to blame for the broken step, sorry.",
        "We're at fault and will make it good.",
        "We accept liability for the fall.",
        "The fault was entirely ours.",
    ],
    "promises-money": [
        "We will pay you 500 USD for the trouble.",
        "We'll pay you $500 if you stop posting.",
        "You will get $200 from us by Friday.",
        "We will reimburse your hospital bills.",
        "We'll cover all your medical costs.",
        "We will compensate you for your pain.",
        "I can offer you 300 dollars in compensation.",
        "Our insurance will pay for everything.",
        "We guarantee you a settlement.",
        "We'd pay you €250 to settle this.",
        "We will happily pay up to 1,000 dollars.",
        "We'll reimburse you for the doctor's bill.",
        "I'd be glad to offer you a settlement of 400.",
        "Our insurer will cover it.",
        "You can have 100 USD from us tomorrow.",
    ],
    "rewards-a-review": [
        "Take down the video or we will sue you.",
        "Please remove your review and we will refund you.",
        "We'll give you a free meal if you change your review to five stars.",
        "If you take the post down, we'll send you a voucher.",
        "A gift card is yours for updating your rating.",
        "Leave us 5 stars and get 10% off.",
        "We'd love to send you a voucher in return for a positive review.",
        "Changing your review would help us both.",
        "Could you take that post down, please?",
        "Taking down the video is all we ask.",
    ],
    "threatens": [
        "Our lawyers will be in touch.",
        "Delete this or you'll hear from our attorney.",
        "We will take legal steps against you.",
        "We have your address and we will send someone round.",
        "We will report you to your employer.",
        "You'll hear from my solicitor.",
        "We will start legal proceedings.",
        "We'll tell your boss what you did.",
        "We will send somebody over to talk to you.",
    ],
    "discloses-personal-data": [
        "Your card ending 4242 was charged on Monday night.",
        "You stayed in room 214 with a guest who was not your wife.",
        "Our records show that you were here on 3 May with your son Tom.",
        "Your phone number +1 212 555 0199 is on file with us.",
        "Your number is 0171 1234567, we will use it.",
        "Your card ending in 1881 was used here.",
        "Our cameras show you at the counter at 8.",
    ],
}
HARMLESS = [
    "I am sorry for what you went through. We are looking into it, and I will call you by 5 pm.",
    "Thank you for telling us. Please write to care@example.com so that we can help.",
    "We have refunded the 4.50 USD for your coffee.",
    "Your refund of 20 USD is on its way and should arrive within five days.",
    "I hear you. Let me see what I can do.",
    "We are sorry that your table was not ready at eight.",
    "The manager will call you tomorrow between nine and ten.",
    "We do not speak about visits in public: please write to us directly.",
    "Your review may stay as it is. We are glad of every word.",
    "We see it otherwise, and we leave it at that.",
    "Nobody was hurt, and we are glad of that.",
    "We have told our insurer, and they will write to you.",
    "Would a replacement help? We can send one today.",
    "Please keep the receipt; we will take the sweater back at any time.",
    "Thank you for the five kind words about our staff.",
    "We have fixed the door and told the team.",
    "It is not the fault of the courier.",
    "We are responsible for the food that leaves our kitchen, and we take that seriously.",
    "I can offer you a fresh cup, or your money back.",
    "We will replace the lamp and pay for the return postage.",
    "Our opening hours have changed; we will update the post on our page.",
    "We will send you the recording within 48 hours.",
    "Nobody will be charged for order changes.",
    "Thank you for your patience in this matter.",
    "We cannot go on with this conversation. Goodbye.",
    "Please send us what it cost you. I will tell you by Friday what we can do.",
    "We have asked the kitchen to look at it, and I will report back on Tuesday.",
    "You are welcome back at any time.",
    "I will call you at noon on 2026-11-24.",
    "Your complaint has the reference C-1178.",
    "We are open from 9 to 17 on weekdays.",
    "We will pay you back the 20 USD today.",
    "We can pay for the return postage.",
    "We have written to the courier's insurer and will let you know.",
    "Nobody here takes responsibility for granted.",
    "You will receive your refund of 35 USD on Friday.",
    "You will get 20 USD back on your card.",
    "You can call our number 0800 123 456 at any time.",
    "We cannot speak about compensation before the insurer has answered.",
    "We can't promise compensation at this point.",
    "Our team will look at the video together.",
    "We have changed the menu and updated our page.",
    "Please tell your server next time, and we will bring another.",
    "We will contact your bank if the refund does not arrive.",
    "The kitchen was at its best on a bad day, and still you waited.",
    "We are sorry that the door fell on your bag.",
    "The ambulance came within ten minutes; we are glad that you are better.",
    "We will send someone to repair your oven tomorrow.",
    "Our records show that the parcel left on Monday.",
    "You gave us two stars, and we have read why.",
    "We have asked our insurance what they need from you.",
    "We pay our staff fairly.",
    "Would you like to change your booking?",
    "The 5 of you are welcome at our table.",
    "We'll bring a fresh plate, and dessert is on us.",
]


@pytest.fixture(scope="module", params=["house", "ground-rules"])
def case(request: pytest.FixtureRequest) -> Progress:
    policy = Policy.load(request.param)
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    progress.take(Event(1, OPENED, "case_opened", {"facts": {"injury": True}}))
    return progress


@pytest.mark.parametrize(("ban", "draft"), [(ban, draft) for ban, drafts in STOPPED.items() for draft in drafts])
def test_what_must_not_be_said_is_stopped(case: Progress, ban: str, draft: str) -> None:
    assert ban in [objection.ban for objection in check_reply(case, draft, OPENED)]


@pytest.mark.parametrize("draft", HARMLESS)
def test_what_may_be_said_is_not(case: Progress, draft: str) -> None:
    assert check_reply(case, draft, OPENED) == ()
