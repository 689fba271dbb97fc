#!/bin/sh
# Makes what is missing in deploy/secrets: a password for each role of the database and each user of the broker, and where
# alerts are sent. Again changes nothing. Whoever can read the folder can read the books.
set -eu
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"

make() { # NAME CONTENT
    [ -s "$folder/$1" ] || (umask 022 && printf '%s\n' "$2" > "$folder/$1")
}
password() { head -c 24 /dev/urandom | base64 | tr -d '/+='; }

for role in superuser owner worker relay scheduler gateway operator reader; do
    make "database_password_$role" "$(password)"
done
users="admin worker relay scheduler gateway operator his"
for user in $users; do
    make "kafka_password_$user" "$(password)"
done
{
    echo 'KafkaServer {'
    echo '  org.apache.kafka.common.security.plain.PlainLoginModule required'
    for user in $users; do
        printf '  user_%s="%s"\n' "$user" "$(cat "$folder/kafka_password_$user")"
    done
    echo '  ;'
    echo '};'
} > "$folder/kafka_users"
# The example prints alerts; put the addresses of your own receivers (webhooks) here.
make alerts_desk_url http://notices:9099/desk
make alerts_on_call_url http://notices:9099/on-call
make alerts_heartbeat_url http://notices:9099/heartbeat
