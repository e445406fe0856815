/** The reason for each step that connects a container. */
export const NETWORK_REASONS = {
  lease: {
    en: "the container's addresses are noted, so that no other gets them; freed when it ends",
    zh: "登记容器的地址，使其他容器不会得到同样的地址；容器结束时释放",
  },
  bridge: {
    en: "the network's bridge, a switch inside this machine; it stays, with a fixed link address, until the network is removed",
    zh: "该网络的网桥，相当于宿主机内部的交换机；链路地址固定，在网络被删除之前一直保留",
  },
  bridgeAddress: {
    en: "this machine's own address in the network: the containers' gateway",
    zh: "宿主机在该网络中的地址，即容器的网关",
  },
  forwardingOn: {
    en: "the machine passes packets on between the bridge and its other links",
    zh: "允许宿主机在网桥与其他链路之间转发数据包",
  },
  guard: {
    en: "nobody outside the network sends to a container's own address",
    zh: "网络以外的任何主机都不能直接访问容器自己的地址",
  },
  publish: {
    en: "what comes to a published port of this machine goes on to the container's",
    zh: "到达宿主机已发布端口的数据包转给容器的端口",
  },
  publishOwn: {
    en: "the same for what this machine itself sends to its own address",
    zh: "宿主机访问自己的地址时同样处理",
  },
  publishedPort: { en: "a published port, as requested with -p", zh: "按 -p 的要求发布的端口" },
  publishedSocket: {
    en: "keeps the port from other programs, and passes on what comes to 127.0.0.1 or over IPv6",
    zh: "占住该端口，不让其他程序使用；并转发到达 127.0.0.1 或经由 IPv6 到达的连接",
  },
  outward: {
    en: "outside, the container appears with this machine's address, so that answers find back",
    zh: "容器以宿主机的地址访问外部，使应答能够返回",
  },
  forwarding: {
    en: "only answers, and what comes to a published port, enter the network",
    zh: "只有应答和发往已发布端口的数据包可以进入该网络",
  },
  networkNamespace: {
    en: "the container's own network; it takes longest to make, so the init makes it, while its caller goes on",
    zh: "容器自己的网络；创建它最费时，因此由 init 创建，调用者不必等待",
  },
  ownNetwork: {
    en: "the container's network is named by a descriptor: this process has no number of its own in a pid namespace that it shares",
    zh: "以描述符指明容器的网络：在共用的 pid 命名空间中，本进程没有固定的编号",
  },
  noRouters: {
    en: "no other container can make itself its router by an advertisement of IPv6 (CVE-2020-13401)",
    zh: "别的容器不能用 IPv6 路由通告把自己变成它的路由器（CVE-2020-13401）",
  },
  cableGone: {
    en: "the cable of the last start, which the kernel removes only a while after the container's end",
    zh: "上一次启动的网线：容器结束之后，内核要过一会儿才会删除它",
  },
  joinNetwork: {
    en: "the network of a container that runs, by its first process; if that has ended, no other can be in its place",
    zh: "经由正在运行的容器的 1 号进程进入它的网络；若该进程已结束，也不会误入别的进程的网络",
  },
  plugged: { en: "the container is on its networks as it is to be", zh: "容器的网络已按要求接好" },
  cable: {
    en: "a cable: one end in the network's bridge, the other the container's link",
    zh: "一根虚拟网线：一端接在该网络的网桥上，另一端是容器的网络接口",
  },
  port: {
    en: "the bridge's port is switched on, and may send back to the container what it sends to its own published port",
    zh: "启用网桥端口；容器访问自己发布的端口时，允许数据包从该端口返回",
  },
  known: {
    en: "the machine knows the container's address on the link, so that its first packet need not ask for it",
    zh: "宿主机预先知道容器的链路地址，第一个数据包无需先查询",
  },
  linkUp: { en: "the container's end of the cable is switched on", zh: "启用网线在容器一侧的一端" },
  address: {
    en: "the container's address, which no other container has while this one runs",
    zh: "容器的地址；在它运行期间，其他容器不会使用",
  },
  gatewayKnown: {
    en: "the bridge's address on the link is fixed, so that the container's first packet need not ask for it",
    zh: "网桥的链路地址是固定的，容器的第一个数据包无需先查询",
  },
  route: { en: "what is outside the network is reached through the bridge", zh: "网络以外的目标经由网桥到达" },
  packetsPass: {
    en: "waits until packets pass here: one sent earlier would be lost, and sent again only after a second",
    zh: "等待此处可以收发数据包：过早发送的数据包会丢失，一秒后才会重发",
  },
  answersArrive: {
    en: "waits until the kernel takes what comes for the container's IPv6 address: it does so only a moment after it has the address",
    zh: "等待内核开始接收发往容器 IPv6 地址的数据包：地址设置之后，内核稍后才会接收",
  },
  userMode: {
    en: "copies packets between the container's eth0 and sockets of yours, which needs no root; ends with the container",
    zh: "在容器的 eth0 与你自己的套接字之间复制数据包，不需要 root；随容器一起结束",
  },
  connected: {
    en: "waits until slirp4netns or pasta gave the container its address and its way out",
    zh: "等待 slirp4netns 或 pasta 为容器配置好地址和出口",
  },
  hosts: {
    en: "the addresses of the other containers of its networks, kept up to date while it runs",
    zh: "同一网络中其他容器的地址，在容器运行期间保持更新",
  },
  resolver: {
    en: "the machine's name servers, without those that only the machine itself can reach",
    zh: "宿主机的域名服务器，去掉只有宿主机自己才能访问的",
  },
} as const;
