//! A server of a test's own, for what the shared one cannot be: with TLS, with rules about who
//! may come in, stopped and started.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::server::postgres;

/// Who may come in how; the first line that fits decides.
const RULES: &str = "
    local     all all                        trust
    hostssl   all tls_only   127.0.0.1/32    trust
    hostnossl all plain_only 127.0.0.1/32    trust
    host      all secret     127.0.0.1/32    scram-sha-256
    host      all old_secret 127.0.0.1/32    md5
    host      all postgres   127.0.0.1/32    trust
    host      all limited    127.0.0.1/32    trust
    host      all ghost      127.0.0.1/32    trust
";

/// A running server; stopped and removed with the value.
pub struct PrivateServer {
    folder: tempfile::TempDir,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl PrivateServer {
    /// Makes and starts one with [`RULES`]; with TLS if certificates are given.
    pub fn start(certificates: Option<&Certificates>) -> Self {
        let folder =
            tempfile::Builder::new().prefix("dbstudio-private-").tempdir_in("/tmp").unwrap();
        open_to_all(folder.path());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder, port };
        server.run(
            "initdb",
            &["-A", "trust", "--no-sync", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"],
        );
        let mut settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\n",
            server.folder.path().display()
        );
        if let Some(certificates) = certificates {
            // The server's user must own its key.
            for file in ["server.crt", "server.key"] {
                let copy = server.folder.path().join(file);
                std::fs::copy(certificates.folder.path().join(file), &copy).unwrap();
                std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o644)).unwrap();
            }
            server.shell("umask 077; cp \"$1/server.crt\" \"$1/server.key\" \"$1/data/\"");
            settings.push_str("ssl = on\n");
        }
        std::fs::write(server.folder.path().join("more.conf"), settings).unwrap();
        std::fs::write(server.folder.path().join("rules"), RULES).unwrap();
        open_to_all_files(server.folder.path());
        server.shell("cat \"$1/more.conf\" >> \"$1/data/postgresql.conf\"; cat \"$1/rules\" > \"$1/data/pg_hba.conf\"");
        server.up();
        server.psql(
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE secret LOGIN PASSWORD 'open sesame';
             SET password_encryption = 'md5'; CREATE ROLE old_secret LOGIN PASSWORD 'open sesame';
             CREATE ROLE tls_only LOGIN; CREATE ROLE plain_only LOGIN; CREATE ROLE stranger LOGIN;
             CREATE ROLE limited LOGIN CONNECTION LIMIT 0;",
        );
        server
    }

    /// Starts it, and waits until it accepts connections.
    pub fn up(&self) {
        let log = self.folder.path().join("data/log");
        self.run("pg_ctl", &["start", "-w", "-s", "-l", log.to_str().unwrap()]);
    }

    /// Stops it at once.
    pub fn down(&self) {
        self.run("pg_ctl", &["stop", "-w", "-s", "-m", "immediate"]);
    }

    /// The folder of its socket.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Runs SQL as the superuser.
    pub fn psql(&self, sql: &str) {
        let output = Command::new(postgres().programs.join("psql"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-h"])
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-c", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = postgres().program(program);
        command.arg("-D").arg(self.folder.path().join("data")).args(arguments);
        command.current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().unwrap();
        assert!(status.success(), "{program} {arguments:?} failed: {status}");
    }

    /// Runs a line of shell as the server's user; `$1` is the folder.
    fn shell(&self, line: &str) {
        let mut command = postgres().program("/bin/sh");
        command.args(["-ec", line, "sh"]).arg(self.folder.path());
        assert!(command.current_dir(self.folder.path()).status().unwrap().success(), "{line}");
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        let mut command = postgres().program("pg_ctl");
        command
            .args(["stop", "-w", "-s", "-m", "immediate", "-D"])
            .arg(self.folder.path().join("data"));
        let _ = command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
}

fn open_to_all_files(folder: &Path) {
    for file in ["more.conf", "rules"] {
        std::fs::set_permissions(folder.join(file), PermissionsExt::from_mode(0o644)).unwrap();
    }
}

/// An authority, a server certificate for `localhost` signed by it, and another authority.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Makes them with openssl.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"
            for name in root other; do
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" \
                    -keyout $name.key -out $name.crt
            done
            openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
            printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > extensions
            openssl x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 2 \
                -extfile extensions -out server.crt
        "#;
        let output = Command::new("/bin/sh")
            .args(["-ec", script])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "this test needs openssl (apt-get install openssl): {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self { folder }
    }

    /// The certificate of an authority: `root`, which signed the server's, or `other`.
    pub fn authority(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.crt"))
    }
}
