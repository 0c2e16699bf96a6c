// Sends log records as OTLP/JSON: node otlp_send.js PORT COUNT none|gzip.
const {OTLPLogExporter} = require('@opentelemetry/exporter-logs-otlp-http');
const {resourceFromAttributes} = require('@opentelemetry/resources');
const {BatchLogRecordProcessor, LoggerProvider} = require('@opentelemetry/sdk-logs');

const [port, count, compression] = process.argv.slice(2);
const exporter = new OTLPLogExporter({url: `http://127.0.0.1:${port}/v1/logs`, compression});
const provider = new LoggerProvider({
  resource: resourceFromAttributes({'service.name': 'cart'}),
  processors: [new BatchLogRecordProcessor({exporter, maxExportBatchSize: 100})],
});
const logger = provider.getLogger('shop');
for (let i = 0; i < count; i++) {
  logger.emit({
    severityNumber: 17, severityText: 'ERROR', body: `node ${i}`,
    attributes: {n: i, list: ['a', 1.5], deep: {x: true}},
  });
}
provider.shutdown();
