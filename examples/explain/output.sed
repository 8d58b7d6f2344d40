# A hash stands for a secret; it differs with every process.
s/\[redacted:[0-9a-f]\{8\}\]/[redacted:xxxxxxxx]/g
