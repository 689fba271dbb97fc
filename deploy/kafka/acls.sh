#!/bin/sh
# Who may read and write which topic: nobody else, nothing else; only the relay writes what leaves. Again changes nothing.
# ACLS is the command, for who runs it elsewhere.
set -eu
acls="${ACLS:-/opt/kafka/bin/kafka-acls.sh}"
servers="${SERVERS:-kafka:9092}"
client=/tmp/admin.properties
{
    echo 'security.protocol=SASL_PLAINTEXT'
    echo 'sasl.mechanism=PLAIN'
    printf 'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="%s";\n' \
        "$(cat "${PASSWORD_FILE:-/run/secrets/kafka_password_admin}")"
} > "$client"
allow() { # USER OPTIONS…
    user="$1"
    shift
    $acls --bootstrap-server "$servers" --command-config "$client" --add --allow-principal "User:$user" "$@" > /dev/null
}
topics() { for name in "$@"; do printf -- '--topic udi.%s ' "$name"; done; }

inputs="scans catalogue encounters his-charges discharges income recalls stores deliveries cabinet-reads"
outputs="billing verdicts alerts cases settlement dead-letters seals statements orders"
for user in worker relay scheduler gateway operator; do
    allow "$user" --operation Describe --operation DescribeConfigs --topic udi. --resource-pattern-type prefixed
done
allow worker --operation Read $(topics $inputs)
allow worker --operation Read --group udi. --resource-pattern-type prefixed
# Faust keeps a topic of its own.
allow worker --operation Create --operation Read --operation Write --topic udi.app --resource-pattern-type prefixed
allow relay --operation Read --operation Write $(topics $outputs)
allow relay --operation Write --operation Describe --transactional-id udi.relay- --resource-pattern-type prefixed
allow scheduler --operation Write $(topics scans)
allow gateway --operation Write $(topics scans)
allow gateway --operation Read $(topics verdicts)
allow operator --operation Read --topic udi. --resource-pattern-type prefixed
# Who stands outside: the HIS and its neighbours write facts, and read what leaves.
allow his --operation Write --operation Describe $(topics catalogue encounters his-charges discharges income recalls stores deliveries cabinet-reads)
allow his --operation Read --operation Describe $(topics billing verdicts alerts cases settlement statements orders seals)
allow his --operation Read --group his. --resource-pattern-type prefixed
