#!/usr/bin/env bash
# Bundles another version of D3 with the report, from the npm registry: scripts/update-d3.sh 7.9.0
set -euo pipefail
version=${1:?usage: scripts/update-d3.sh VERSION}
static=$(cd "$(dirname "$0")/../src/maestro/report/page/static" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "d3@$version" >/dev/null && tar xzf d3-*.tgz)
cp "$work/package/dist/d3.min.js" "$static/d3.min.js"
cp "$work/package/LICENSE" "$static/d3.LICENSE"
sed -i "s/npm package \`d3\` [0-9.]*,/npm package \`d3\` $version,/" "$static/README.md"
