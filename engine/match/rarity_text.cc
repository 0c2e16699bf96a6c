// Ordinary log lines in many formats, made up for RarityModel: what healthy systems print all day.
// Digits stand for any digits. Nothing here decides what matches.
#include "engine/match/rarity.h"

namespace culprit {

std::string_view RarityLines() {
  return R"log(2026-03-14 09:26:53,589 INFO [main] com.example.service.OrderService: Processing request id=4711 for user 42 took 13 ms
2026-03-14 09:26:53.601 DEBUG 2817 --- [nio-8080-exec-3] o.s.web.servlet.DispatcherServlet        : GET "/api/v1/orders/1001", parameters={}
2026-03-14 09:26:53.604 DEBUG 2817 --- [nio-8080-exec-3] o.s.web.servlet.DispatcherServlet        : Completed 200 OK
2026-03-14 09:26:54.118  INFO 2817 --- [           main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port(s): 8080 (http) with context path ''
2026-03-14 09:26:54,220 WARN  [pool-2-thread-1] org.apache.http.impl.client.DefaultHttpClient - Connection pool shut down, waiting for 3 connections
2026-03-14 09:26:55,001 ERROR [http-nio-8080-exec-7] c.e.web.Controller - Request failed: java.lang.IllegalStateException: Could not open connection
	at com.example.web.Controller.handle(Controller.java:118)
	at java.base/java.lang.reflect.Method.invoke(Method.java:566)
	at org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:897)
	at java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1128)
	at java.base/java.lang.Thread.run(Thread.java:834)
Caused by: java.io.IOException: Connection reset by peer
	... 34 common frames omitted
2026-03-14T09:26:53.123456Z INFO request completed method=GET path=/healthz status=200 duration=1.204ms remote=10.1.2.3:53210 request_id=9f1c2d3e-4a5b-6c7d-8e9f-0a1b2c3d4e5f
time="2026-03-14T09:26:53Z" level=info msg="Starting server" addr=":8080" component=api version=1.14.2
time="2026-03-14T09:26:53Z" level=warning msg="retrying in 5s" error="context canceled" attempt=2
level=[I] time=2026-03-14T09:26:53Z program=core source=module message="connected to driver" module_id=mod-12ab
{"level":"info","ts":1773480413.589,"caller":"server/server.go:214","msg":"handled request","method":"POST","uri":"/v1/items","status":201,"latency_ms":12.5,"user_agent":"Go-http-client/1.1"}
{"timestamp":"2026-03-14T09:26:53.589Z","level":"INFO","logger":"com.example.Worker","thread":"worker-4","message":"Finished job","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}
{"@timestamp":"2026-03-14T09:26:53.589Z","@version":"1","log.level":"INFO","service.name":"checkout","message":"payment authorized","http.request.method":"POST","http.response.status_code":200,"host.name":"web-01"}
{"log":"{\"level\":\"info\",\"msg\":\"sync finished\",\"count\":17,\"name\":\"default\"}\n","stream":"stdout","time":"2026-03-14T09:26:53.123456789Z"}
{"name":"api","hostname":"web-7f9c","pid":1,"level":30,"req":{"method":"GET","url":"/users/12","headers":{"host":"example.com","accept":"*/*"}},"res":{"statusCode":200},"responseTime":8,"msg":"request completed","time":"2026-03-14T09:26:53.589Z","v":0}
2026-03-14T09:26:53.123456789Z stdout F I0314 09:26:53.589012       1 controller.go:231] Successfully synced "default/web-7f9c"
I0314 09:26:53.589012       1 reflector.go:255] Listing and watching *v1.ConfigMap from k8s.io/client-go/informers/factory.go:134
I0314 09:26:53.601234    2817 kubelet.go:1921] SyncLoop (UPDATE, "api"): "web-7f9c8d6b5-x2x4z_default(1c2d3e4f)"
192.168.1.10 - - [14/Mar/2026:09:26:53 +0000] "GET /index.html HTTP/1.1" 200 5316 "https://www.example.com/start" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36"
10.0.3.7 - admin [14/Mar/2026:09:26:54 +0000] "POST /api/v2/login HTTP/2.0" 302 0 "-" "curl/7.88.1" 0.012
10.0.3.7 - - [14/Mar/2026:09:26:55 +0000] "GET /static/js/app.3f2a.js HTTP/1.1" 304 0 "https://example.org/" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15"
66.249.66.1 - - [14/Mar/2026:09:26:56 +0000] "GET /robots.txt HTTP/1.1" 404 162 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
2026/03/14 09:26:53 [notice] 29#29: signal process started
2026/03/14 09:26:53 [error] 31#31: *1234 open() "/usr/share/nginx/html/favicon.ico" failed (2: No such file or directory), client: 10.0.0.5, server: localhost, request: "GET /favicon.ico HTTP/1.1", host: "example.com"
[Sat Mar 14 09:26:53.589 2026] [mpm_event:notice] [pid 1:tid 140] AH00489: Apache/2.4.57 (Unix) configured -- resuming normal operations
Mar 14 09:26:53 web01 sshd[1234]: Accepted publickey for deploy from 10.0.0.9 port 51514 ssh2: RSA SHA256:abcdef
Mar 14 09:26:53 web01 sshd[1234]: pam_unix(sshd:session): session opened for user deploy by (uid=0)
Mar 14 09:26:54 web01 CRON[2345]: (root) CMD (run-parts /etc/cron.hourly)
Mar 14 09:26:55 web01 systemd[1]: Started Session 12 of user deploy.
Mar 14 09:26:55 web01 systemd[1]: Starting Daily apt download activities...
Mar 14 09:26:56 web01 kernel: [12345.678901] usb 1-1: new high-speed USB device number 3 using xhci_hcd
Mar 14 09:26:56 web01 kernel: [12345.700000] IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready
Mar 14 09:26:57 web01 dhclient[812]: DHCPACK of 10.0.0.15 from 10.0.0.1
<34>1 2026-03-14T09:26:53.003Z host.example.com su - ID47 - 'su root' failed for user on /dev/pts/8
2026-03-14 09:26:53.589 UTC [4711] LOG:  checkpoint complete: wrote 128 buffers (0.8%); 0 WAL file(s) added, 0 removed, 1 recycled; write=12.8 s, sync=0.01 s, total=12.9 s
2026-03-14 09:26:53.589 UTC [4711] app@orders LOG:  duration: 12.345 ms  statement: SELECT id, name, status FROM orders WHERE user_id = 42 ORDER BY created_at DESC LIMIT 10
2026-03-14 09:26:53.589 UTC [4712] LOG:  connection authorized: user=app database=orders application_name=psql
2026-03-14 09:26:53.589 UTC [4712] DETAIL:  parameters: $1 = '42', $2 = 'open'
2026-03-14T09:26:53.589012Z 8 [Note] [MY-010051] [Server] Event Scheduler: scheduler thread started with id 8
2026-03-14T09:26:53.589012Z 12 Query SELECT * FROM `sessions` WHERE `id` = 'a1b2c3' LIMIT 1
1:M 14 Mar 2026 09:26:53.589 * Background saving started by pid 4711
1:M 14 Mar 2026 09:26:53.601 * DB saved on disk
1:C 14 Mar 2026 09:26:53.601 * RDB: 0 MB of memory used by copy-on-write
{"level":"info","ts":"2026-03-14T09:26:53.589Z","caller":"mvcc/index.go:214","msg":"compact tree index","revision":12345}
{"level":"info","ts":"2026-03-14T09:26:53.589Z","caller":"mvcc/kvstore_compaction.go:57","msg":"finished scheduled compaction","compact-revision":12345,"took":"1.204ms"}
[2026-03-14 09:26:53,589] INFO [GroupCoordinator 1]: Preparing to rebalance group orders in state PreparingRebalance with old generation 12 (__consumer_offsets-17) (kafka.coordinator.group.GroupCoordinator)
[2026-03-14 09:26:53,589] INFO [Log partition=events-3, dir=/var/lib/kafka/data] Rolled new log segment at offset 4711 in 2 ms. (kafka.log.Log)
[2026-03-14 09:26:53,589] INFO Opening socket connection to server zookeeper/10.0.0.4:2181. Will not attempt to authenticate using SASL (org.apache.zookeeper.ClientCnxn)
[2026-03-14T09:26:53,589][INFO ][o.e.c.m.MetadataIndexTemplateService] [node-1] adding template [logs] for index patterns [logs-*]
[2026-03-14T09:26:53,589][INFO ][o.e.c.r.a.AllocationService] [node-1] Cluster health status changed from [YELLOW] to [GREEN] (reason: [shards started [[logs][0]]]).
2026-03-14 09:26:53,589 - INFO  [QuorumPeer[myid=1]/0.0.0.0:2181:Leader@345] - Have quorum of supporters; starting up and setting last processed zxid: 4294967296
2026-03-14 09:26:53,589 INFO org.apache.hadoop.hdfs.server.datanode.DataNode: Received block blk_4711081512 of size 1024 from /10.0.0.12
2026-03-14 09:26:53,589 INFO dfs.DataNode$DataXceiver: Served block blk_4711081513 to /10.0.0.13
26/03/14 09:26:53 INFO storage.MemoryStore: Block broadcast_12 stored as values in memory (estimated size 5.2 KB, free 366.1 MB)
26/03/14 09:26:53 INFO executor.Executor: Running task 7.0 in stage 3.0 (TID 471)
2026-03-14 09:26:53.589 2817 INFO nova.api.openstack.requestlog [req-0a1b2c3d-1111-2222-3333-444455556666 0123456789abcdef fedcba9876543210 - default default] 10.0.0.11 "GET /v2.1/servers/detail" status: 200 len: 15 microversion: 2.1 time: 0.098
2026-03-14 09:26:53.589 2931 DEBUG oslo_concurrency.lockutils [req-c0ffee00-1234-4321-aaaa-bbbbccccdddd None None] Lock "compute_resources" acquired by "update_usage" :: waited 0.000s inner /usr/lib/python3/dist-packages/oslo_concurrency/lockutils.py:327
2026-03-14 09:26:53.589 2931 DEBUG oslo_service.periodic_task [-] Running periodic task ComputeManager._poll_volume_usage run_periodic_tasks /usr/lib/python3/dist-packages/oslo_service/periodic_task.py:215
2026-03-14 09:26:53.589 25746 DEBUG oslo_messaging._drivers.amqpdriver [-] received message with unique_id: 1a2b3c4d5e6f reply to None __call__ /usr/local/lib/python2.7/dist-packages/amqpdriver.py:196
2026-03-14 09:26:53.589 25746 DEBUG keystoneauth.session [-] REQ: curl -g -i -X GET http://controller:9696/v2.0/ports?device_id=1 -H "Accept: application/json" -H "User-Agent: python-client" -H "X-Auth-Token: {SHA1}0a1b2c"
2026-03-14 09:26:53,589 [INFO] gunicorn.access: 127.0.0.1 - "GET /metrics HTTP/1.1" 200
2026-03-14 09:26:53,589 - root - INFO - loaded 120 records from cache in 0.35 seconds
INFO:     127.0.0.1:53210 - "GET /docs HTTP/1.1" 200 OK
DEBUG:urllib3.connectionpool:http://localhost:5000 "POST /v1/chat HTTP/1.1" 200 None
Traceback (most recent call last):
  File "/usr/lib/python3.9/site-packages/app/views.py", line 118, in get_object
    return self._request("GET", url, **kwargs)
  File "/usr/local/lib/python2.7/dist-packages/oslo_db/sqlalchemy/engines.py", line 73, in _connect_ping_listener
    connection.scalar(select([1]))
ValueError: invalid literal for int() with base 10: 'abc'
I, [2026-03-14T09:26:53.589012 #4711]  INFO -- : [f1e2d3c4] Started GET "/orders" for 127.0.0.1 at 2026-03-14 09:26:53 +0000
I, [2026-03-14T09:26:53.601012 #4711]  INFO -- : Completed 200 OK in 12ms (Views: 8.1ms | ActiveRecord: 2.3ms | Allocations: 4711)
[2026-03-14 09:26:53.589][1][info][upstream] [source/common/upstream/cluster_manager_impl.cc:488] add/update cluster backend starting warming
Mar 14 09:26:53 lb1 haproxy[812]: 10.0.1.2:33317 [14/Mar/2026:09:26:53.589] http-in~ api/web-1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /v1/status HTTP/1.1"
03-14 09:26:53.589  1702  2395 D ActivityManager: startActivity token=Token{a64f992 u0 com.example.mail/.ui.MainActivity t12}, visible= true, state= RESUMED
03-14 09:26:53.589  1702  8671 D PowerManagerService: release wake lock flags=0x0, tag="Scheduler", package=com.example.sync, uid=10042, pid=3114
- 1773480413 2026.03.14 R11-M0-N4 2026-03-14-09.26.53.589012 RAS APP INFO ciod: generated 12 core files for program /home/user/a.out
- 1773480413 2026.03.14 node12 Mar 14 09:26:53 node12/node12 ntpd[2915]: synchronized to 10.0.0.2, stratum 3
2026-03-14 09:26:53, Info                  CSI    Performing 1 operations on component store at C:\Windows\servicing\packages
[03.14 09:26:53] browser.exe - www.example.com:443 close, 1123 bytes sent, 4711 bytes received, lifetime 00:12
20260314-9:26:53:589|App_Sync|30002312|onStateChanged 3579 total=12
Mar 14 09:26:53 macbook com.apple.xpc.launchd[1] (com.example.agent[4711]): Service exited with abnormal code: 1
260314 092653 148 INFO dfs.FSNamesystem: BLOCK* NameSystem.allocateBlock: /user/root/out/part-00012. blk_4711
2026-03-14 09:26:53,589 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created application master for attempt appattempt_1773480413_0001_000001
2026-03-14 09:26:53,589 INFO [AsyncDispatcher event handler] org.apache.hadoop.yarn.util.RackResolver: Resolved worker-01 to /default-rack
2026-03-14 09:26:53.589 INFO  [order-service,4bf92f3577b34da6,a3ce929d0e0e4736] 1 --- [http-nio-12031-exec-9] order.controller.OrderController : [query][Query Orders][Query order for account id: 4d2a46c7]
2026-03-14 09:26:53.589 INFO  [gateway-service] Fetching config from server at : http://localhost:8888 ; user service response code success and result list is empty
time=2026-03-14T09:26:53.589Z level=INFO source=main.go:118 msg="scrape manager: reloading" config=/etc/app/config.yml pools=4 enabled=true
ts=2026-03-14T09:26:53.589Z caller=compact.go:519 level=info component=tsdb msg="write block" mint=1773468000000 maxt=1773475200000 ulid=01HRZ duration=1.2s
10:26:53.589 [main] INFO  app - server listening on http://0.0.0.0:3000 environment=production node=18
2026-03-14 09:26:53 +0000 [info]: #0 fluentd worker is now running worker=0
START RequestId: 8f5e1a2b-0c3d-4e5f-9a6b-7c8d9e0f1a2b Version: $LATEST
REPORT RequestId: 8f5e1a2b-0c3d-4e5f-9a6b-7c8d9e0f1a2b Duration: 102.25 ms Billed Duration: 103 ms Memory Size: 512 MB Max Memory Used: 98 MB
)log";
}

std::string_view RarityWords() {
  return R"log(a able about above abort accept accepted access account acquire action activate active activity actual add
added additional address admin after agent alert alias all allocate allocated allocation allow allowed
already also always amount analysis and another any api app application apply approved archive are args
argument array as ask assert assign assigned asset async at attach attached attempt attribute audit auth
authenticate authentication author authorization auto available average avoid await back backend background
backup bad balance bandwidth base based basic batch be because been before begin behavior being below best
better between big binary bind bit block body boolean boot both bound bridge broker browser bucket buffer
build builder built bulk bus business but by byte bytes cache call callback called calling can cancel cannot
capacity capture card case catalog category certificate chain change changed channel char character chart
check checking checkpoint child choose chunk class clean cleanup clear client clock clone close closed
closing cloud cluster code collect collection column combine command comment commit common compact compare
compile complete completed component compose compress compute computer concurrent condition config
configuration configure confirm conflict connect connected connecting connection consistent console constant
consume consumer container content context continue control controller convert cookie copy core correct cost
could count counter country create created creating creation credential critical cron current custom
customer cycle daemon daily dashboard data database date datetime day deadline debug decision declare
default define definition delay delete deleted deleting delivery demand denied dependency deploy deployment
depth describe description design destination destroy detach detail details detect detected device diff
digest direct directory disable disabled disconnect disconnected discovery disk dispatch display distance
distributed document does domain done down download draft driver drop due dump duplicate duration during
dynamic each edge edit element email empty enable enabled encode encoding end endpoint engine enough ensure
enter entity entries entry environment equal error errors establish established evaluate event events every
exact example exceed exceeded except exception exchange exclude execute executed executing execution
executor exist existing exists exit exited exiting expand expect expected expire expired expires explicit
export expression extend extension external extra extract factory fail failed failing failure false family
fast fatal feature feed fetch fetched fetching field file filename files fill filter final find finish
finished firewall first fixed flag flat flight float flow flush folder follow following food for force form
format forward found frame framework free frequency from front full function future gateway gather general
generate generated generation get getting given global good grant graph group guest handle handled handler
handling handshake hard has hash have head header headers health healthy heap heart heartbeat height hello
help hidden high history hit hold home hook host hostname hour hub id identity idle if ignore ignored
ignoring image immediate implementation import important in include incoming increase index indicate
individual info information inherit init initial initialization initialize initialized initializing inner
input insert inside inspect install installed instance instances instead instruction integer integrity
interface internal interrupt interrupted interval into invalid invalidate invoke invoked is isolated issue
item items iteration iterator its job jobs join joined journal json keep kernel key keys kind known label
language large last latency later latest launch layer lead leader learn lease least leave left length less
level library license lifecycle limit line link list listen listener listening live load loaded loader
loading local locale localhost location lock locked log logger logging login logout long look lookup loop
lost low machine main maintenance make manage management manager manifest manual map mapping mark market
mask master match matched max maximum may media medium member memory merge message messages metadata method
metric metrics middle migrate migration min minimum minute mirror missing mode model modified module monitor
monitoring month more most mount mounted move multi multiple must name named names namespace native need
needed negative neighbor nested net network neutron never new next no node nodes none normal not note
nothing notice notification notify now null number object observed of off offline offset ok old on once one
online only open opened opening operation operator option options or order organization origin original
other out outgoing output outside over overflow override overview own owner package packet page pages
parallel parameter parameters parent parse parsed parser part partial partition parts pass passed password
patch path pattern pause payload payment peer pending per percent performance period periodic permission
permissions persist persistent phase physical pick ping pipeline place placement plan platform play plugin
plugins point policy poll pool port ports position possible post prefix prepare prepared present preserve
pressure previous price primary print priority private probe problem process processed processes processing
processor produce producer product profile program progress project promise prompt properties property
protocol provide provided provider provision proxy public publish published pull purge push put quality
query queue queued quick quorum quota random range rate raw reach reachable read reader reading ready real
reason rebalance rebuild receive received receiver recent reconnect record records recover recovery recycle
redirect reduce reference refresh refused region register registered registration registry regular reject
rejected relation release released reload remaining remote remove removed removing rename render renew
repair repeat replace replica replicas replication reply report repository request requested requests
require required reserve reserved reset resize resolve resolved resource resources response responses rest
restart restarted restarting restore restored result results resume retention retried retries retry retrying
return returned returning returns reverse revision role rollback root rotate round route router routes
routing row rows rule rules run running runtime safe same sample save saved scale scan schedule scheduled
scheduler schema scope screen script search second seconds secret section secure security segment select
selected send sending sensor sent separate sequence serial series serve server servers service services
serving session sessions set setting settings setup several shard share shared shell short should show shut
shutdown shutting side sign signal signature simple since single size skip skipped sleep slot slow small
snapshot so socket some source space specific specified specify speed spec split stack stage standard start
started starting starts startup state statement states static station status step still stop stopped
stopping stops storage store stored strategy stream string strong structure style sub subject submit subnet
subscribe subscription subsystem success successful successfully such suffix sum summary supervisor supply
support supported suspend switch sync synchronize syntax system systems table tag take taken target task
tasks team template temporary tenant terminate terminated terminating termination test text than that the
their them then there these they this thread threads three threshold throttle through throughput throw
throwable ticket time timed timeout timer times timestamp timezone title to token too took tool top topic
topology total trace track traffic train transaction transfer transform transition transport travel tree
trigger triggered true trust try trying tunnel two type types unable unavailable unbind under undefined
unexpected unhealthy unique unit unix unknown unlock unmount unreachable unregister unsupported until unused
up update updated updates updating upgrade upload upper upstream uptime usage use used user username users
using util utils valid validate validation value values variable vector verbose verify version versions very
via view violation virtual visible visit volume volumes wait waiting waits wake want warm warn warning was
watch watcher watching way we web week weight well were what when where whether which while will window with
within without work worker workers working would wrap write writer writing written wrong year yes zero zone
BlockManager ConfigMap ConnectionFactory ContainerManager ControllerImpl DataSource
DefaultListableBeanFactory DeviceManager EventHandler ExecutionException FileSystem FilterChain HttpClient
HttpServlet IOException InputStream InstanceManager JobScheduler ListenerContainer LoggerFactory
MessageBroker NetworkManager NullPointerException NumberFormat ObjectMapper OutputStream PoolManager
ProcessBuilder PropertySource QueryBuilder RequestHandler ResourceManager ResponseEntity RestTemplate
RuntimeException SecurityContext ServerSocket ServiceImpl SessionFactory SocketTimeout StateMachine
StreamHandler TaskExecutor ThreadPool TimeUnit TransactionManager UserService ValidationException
WebApplicationContext access_token api_version bytes_sent client_id cluster_name content_type created_at
device_id error_code event_type file_path host_name image_id instance_id is_active job_name last_update
log_level max_retries message_id network_id node_id num_workers object_id order_id parent_id pool_size
port_id project_id queue_size read_timeout request_id response_time retry_count server_name service_name
session_id snapshot_id source_ip start_time status_code task_id tenant_id thread_id total_count trace_id
updated_at user_agent user_id user_name volume_id worker_id zone_name Accepted Access Active Added Address
Adding All Application Attempting Authentication Available Bad Block Cache Calling Cannot Checking Client
Closing Command Completed Config Connected Connecting Connection Could Created Creating Current Data Default
Deleted Deleting Device Did Disabled Done Dropping Enabled End Error Event Exception Executing Failed File
Finished For Found From Getting Got Handling Host Ignoring In Info Initialized Initializing Instance
Internal Invalid Job Key Last Loaded Loading Local Lock Lost Message Missing Name Network New No Node None
Not Now Opening Operation Path Please Port Process Processing Query Reading Ready Received Registered
Removed Removing Request Resource Response Restarting Result Retrying Returning Running Saving Scheduling
Selected Sending Sent Server Service Session Setting Shutting Skipping Socket Started Starting State Status
Stopped Stopping Success Successfully Task Terminating The This Thread Time Timeout Total Trying Unable
Unexpected Unknown Updated Updating Use User Using Value Version Waiting Warning When Worker Writing You
ACTIVE BUILD CREATE DEBUG DELETE DOWN ERROR FAILED FALSE GET HEAD INFO INSERT NOTICE NULL OK OPTIONS PATCH
POST PUT SELECT SET STARTED STATUS SUCCESS TRACE TRUE UPDATE WARN WARNING WHERE
)log";
}

}  // namespace culprit
