"""The memo's day, played on an embedded exercise site: an invented company, real mail, a real door, a moved clock."""
