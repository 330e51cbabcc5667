"""The policy files of the play: the memo as it was sent that Friday, and the fair one."""

from typing import Final

AS_SENT: Final = "no-tiktok"
FAIR: Final = "no-tiktok-where-mail-is-read"

_AS_SENT: Final = """\
policy: no-tiktok
title: TikTok is not permitted on mobile devices that open company mail
reason: Security risk
apps: [tiktok]
devices: {forms: [phone, tablet]}
%s
unseen: allow
deadline: 2020-07-10
consequence: block
announcement:
  subject: Action needed on your mobile device
  body: |-
    Because of security risks the TikTok app may no longer be on mobile devices that open company mail.

    If you have it, please remove it today. You may go on using TikTok in the browser of your laptop.
correction:
  subject: Please disregard our mail of today
  body: |-
    Our mail about TikTok was sent in error. Our policies have not changed, and you need not do anything.
press: We ask staff to keep one app off the phones and tablets on which they read company mail.
"""

_FAIR: Final = """\
policy: no-tiktok-where-mail-is-read
title: TikTok is not permitted on mobile devices that open company mail
reason: Security risk
necessity: |-
  The app can read what other apps show. A notice without a deadline was considered, and found too weak.
apps: [tiktok]
devices: {forms: [phone, tablet]}
except: {groups: [social-media]}
unseen: allow
deadline: 2020-07-17
grace: 24h
reminders: [2h]
consequence: block
approvals: {security: 1, legal: 1, executive: 1}
announcement:
  en:
    subject: Please check your mobile devices by Friday next week
    body: |-
      Because of security risks we ask you not to have the TikTok app on phones and tablets that open company mail.

      You may go on using TikTok in the browser of your laptop.
  de:
    subject: Bitte prüfen Sie Ihre Mobilgeräte bis Freitag nächster Woche
    body: |-
      Aus Sicherheitsgründen bitten wir Sie, TikTok nicht auf Telefonen und Tablets zu haben, die Firmenmail öffnen.

      Im Browser Ihres Laptops dürfen Sie TikTok weiterhin benutzen.
correction:
  en:
    subject: Our mail about mobile devices was sent in error
    body: |-
      Our mail about TikTok on phones and tablets was sent in error. The report behind it was about another app.

      Our policies have not changed. You need not do anything, and we are sorry.
  de:
    subject: Unsere Mail über Mobilgeräte war ein Irrtum
    body: |-
      Unsere Mail über TikTok auf Telefonen und Tablets war ein Irrtum. Der Bericht dahinter betraf eine andere App.

      Unsere Regeln haben sich nicht geändert. Sie brauchen nichts zu tun, und es tut uns leid.
press: We ask staff to keep one app off the phones and tablets on which they read company mail. Elsewhere it is theirs.
examples:
  - {device: {form: phone, apps: [tiktok]}, at: 2020-07-17T23:59, expect: warn}
  - {device: {form: phone, apps: [tiktok]}, at: 2020-07-18T00:00, expect: block}
  - {device: {form: laptop, apps: [tiktok]}, at: 2020-07-18T00:00, expect: allow}
  - {device: {form: phone, apps: [tiktok]}, person: {groups: [social-media]}, at: 2020-07-18T00:00, expect: allow}
"""


def as_sent(countries: str = "") -> bytes:
    """The memo with the deadline of the day it was sent, for everybody, or for some countries ("US, DE")."""
    people = f"people: {{countries: [{countries}]}}" if countries else "people: {}"
    return (_AS_SENT % people).encode()


def relaxed() -> bytes:
    """The fair one with another team excepted."""
    return _FAIR.replace("except: {groups: [social-media]}", "except: {groups: [social-media, stores]}").encode()


def fair() -> bytes:
    """The same wish with a week's notice, people's own word where nobody can see, and the team that needs the app."""
    return _FAIR.encode()
