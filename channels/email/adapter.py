"""placeholder"""
from channels import base
class EmailChannel:
    def __init__(self, account: base.AccountConfig) -> None:
        self.account = account
