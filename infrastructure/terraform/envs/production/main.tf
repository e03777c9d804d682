# The production environment. `terraform output` says what goes into the secret of infrastructure/kubernetes.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
  backend "s3" {} # by -backend-config: whose bucket is nobody else's business
}

variable "region" {
  description = "Where all of it lies."
  type        = string
}

variable "operators" {
  description = "Addresses from which the cluster is administered, as in 203.0.113.7/32."
  type        = list(string)
}

variable "redis_password" {
  description = "What servers say to the cache: 16 to 128 characters."
  type        = string
  sensitive   = true
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "secure-chat-proxy", environment = "production" }
  }
}

locals {
  name = "securechat-production"
}

module "network" {
  source      = "../../modules/network"
  name        = local.name
  one_way_out = false
}

module "database" {
  source  = "../../modules/database"
  name    = local.name
  network = module.network.id
  subnets = module.network.private_subnets
  clients = [module.network.cidr]
  size    = "db.m7g.large"
  spare   = true
}

module "cache" {
  source   = "../../modules/cache"
  name     = local.name
  network  = module.network.id
  subnets  = module.network.private_subnets
  clients  = [module.network.cidr]
  size     = "cache.m7g.large"
  spare    = true
  password = var.redis_password
}

module "storage" {
  source    = "../../modules/storage"
  name      = local.name
  kept_days = 90
}

module "cluster" {
  source    = "../../modules/cluster"
  name      = local.name
  subnets   = module.network.private_subnets
  operators = var.operators
  size      = "m7i.large"
  least     = 3
  most      = 12
}

output "cluster" {
  value = module.cluster.name
}

output "database" {
  value = module.database.address
}

output "database_password_secret" {
  value = module.database.password_secret
}

output "redis" {
  value = module.cache.address
}

output "backups" {
  value = module.storage.backups
}
