"""A small company as files, a policy about it, and who decides there."""

from typing import Final

POLICY: Final = "no-tiktok"
MONDAY: Final = "2020-07-06T12:00:00Z"
CLEAN: Final = "2020-07-06T11:00:00Z"

PEOPLE: Final = """email,name,kind,country,time_zone,locale,groups,id,logins,sponsor
hanna@example.com,Hanna Hit,employee,DE,Europe/Berlin,de,sales,,hanna@example.com;CORP\\hanna,
ellis@example.com,Ellis East,employee,US,America/New_York,en,sales,E2,,
cleo@example.com,Cleo Clear,employee,IN,Asia/Kolkata,en,,,,
sam@example.com,Sam Social,contractor,US,America/Los_Angeles,en,social-media,,,hanna@example.com
uma@example.com,Uma Unseen,employee,DE,Europe/Berlin,de,sales,,,
,Flo Floor,employee,US,America/New_York,en,,floor-7,flo,
"""
"""Flo works on the shop floor and has no mail address: nobody can tell her by mail."""

DEVICES: Final = f"""id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps,shared
hanna-phone,hanna@example.com,phone,ios,company,full,HANNAPHONE1,{CLEAN},com.zhiliaoapp.musically;com.example.other,
hanna-laptop,hanna@example.com,laptop,windows,company,full,HANNALAPTOP1,{CLEAN},,
ellis-phone,E2,phone,android,personal,full,ELLISPHONE1,{CLEAN},com.zhiliaoapp.musically,
cleo-phone,cleo@example.com,phone,android,company,full,CLEOPHONE1,{CLEAN},,
sam-phone,sam@example.com,phone,ios,company,full,SAMPHONE1,{CLEAN},com.zhiliaoapp.musically,
uma-phone,uma@example.com,phone,android,personal,managed-only,UMAPHONE1,{CLEAN},,
uma-new,uma@example.com,tablet,ipados,personal,none,UMANEW1,,,
flo-phone,floor-7,phone,android,company,full,FLOPHONE1,{CLEAN},com.ss.android.ugc.trill,
desk-tablet,cleo@example.com,tablet,ipados,company,full,DESKTABLET1,{CLEAN},,true
"""

DOCUMENT: Final = """policy: no-tiktok
title: TikTok is not permitted on mobile devices that open company mail
apps: [tiktok]
devices: {forms: [phone, tablet]}
except: {groups: [social-media]}
unseen: allow
deadline: 2020-07-10
reminders: [24h]
consequence: block
approvals: {security: 1, legal: 1, executive: 1}
announcement:
  en: {subject: An app on phones, body: Please remove TikTok.}
  de: {subject: Eine App auf Telefonen, body: Bitte TikTok entfernen.}
correction:
  en: {subject: An app on phones, body: This was sent in error.}
  de: {subject: Eine App auf Telefonen, body: Das war ein Irrtum.}
"""

AUTHOR: Final = "author@example.com"
OPERATOR: Final = "operator@example.com"
APPROVERS: Final = {"security": "sec@example.com", "legal": "law@example.com", "executive": "exec@example.com"}
PRIVACY: Final = "council@example.com"
"""The works council: without them no app is looked for."""

ROLES: Final = {AUTHOR: "author", OPERATOR: "operator", PRIVACY: "approver:privacy"} | {
    email: f"approver:{role}" for role, email in APPROVERS.items()
}
