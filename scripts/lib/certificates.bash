# Certificates for tests, made with openssl; sourced. Needs common.bash.
# shellcheck shell=bash

# An authority (ca.pem), a server certificate for localhost and 127.0.0.1, a client certificate for the user guest, and an
# authority that has signed nothing (other-ca.pem). Keys are beside them. Does nothing for a folder that has them.
issue_certificates() { # FOLDER
    local folder=$1
    [[ ! -f $folder/complete ]] || return 0
    command -v openssl >/dev/null || fail "openssl is not installed" "install it (Debian: apt-get install openssl)"
    (
        umask 077 &&
            make_authority "$folder/ca" 'Tasker test authority' &&
            make_authority "$folder/other-ca" 'Another authority' &&
            sign_certificate "$folder" server localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1' &&
            sign_certificate "$folder" client guest 'extendedKeyUsage=clientAuth'
    ) || fail "openssl could not make certificates in $folder" "is its disk full? $(df -h "$folder" | tail -n 1)"
    touch "$folder/complete"
}

make_authority() { # PATH_WITHOUT_EXTENSION NAME
    quiet_openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$2" -keyout "$1.key" -out "$1.pem"
}

sign_certificate() { # FOLDER NAME COMMON_NAME EXTENSIONS
    local path=$1/$2
    echo "$4" >"$path.ext" &&
        quiet_openssl req -newkey rsa:2048 -nodes -subj "/CN=$3" -keyout "$path.key" -out "$path.csr" &&
        quiet_openssl x509 -req -in "$path.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 3650 \
            -extfile "$path.ext" -out "$path.pem" &&
        rm "$path.ext" "$path.csr"
}

# It tells its progress on stderr; that is of interest only when it fails.
quiet_openssl() { # ARGUMENT...
    local output
    output=$(openssl "$@" 2>&1) || { echo "$output" >&2 && return 1; }
}
