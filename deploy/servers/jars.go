package servers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// kafkaVersion is the newest 4.x release at the time of writing; its broker
// runs on Java 17.
const kafkaVersion = "4.4.0"

// pom names Kafka and a logger that writes what the broker says to its output.
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>contactd</groupId>
  <artifactId>test-kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>` + kafkaVersion + `</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`

// jars gives the folder of Kafka's jars, resolving them by Maven coordinates
// when they are not there yet.
func jars(ctx context.Context, dir string, out io.Writer) (string, error) {
	libs := filepath.Join(dir, "kafka-"+kafkaVersion)
	if exists(libs) {
		return libs, nil
	}
	work, err := os.MkdirTemp(dir, "maven-")
	if err != nil {
		return "", fmt.Errorf("create folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), []byte(pom), 0o600); err != nil {
		return "", fmt.Errorf("write pom: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(work, "libs"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, out, out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("resolve org.apache.kafka:kafka_2.13:%s: %w", kafkaVersion, err)
	}
	// Renamed last, so that a folder of this name is always complete.
	if err := os.Rename(filepath.Join(work, "libs"), libs); err != nil {
		return "", fmt.Errorf("keep jars: %w", err)
	}
	return libs, nil
}
