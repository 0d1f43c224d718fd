"""Audit logs of API servers as evidence (domain section E.6): who called what, and what the log cannot show.

blocks of bytes ─read→ requests ─tally→ calls by account and pods ─found→ items of an evidence file
                                                         └─suggest→ the rights that the calls need
"""
